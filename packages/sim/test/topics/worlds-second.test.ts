/** Worlds of topics under all checks: the other tens of them; and those that have failed once. */
import { testTopics, testWorlds } from "../support/topic-seeds.js";

testTopics(1, 2);

// a node whose route was given up began its numbers anew, and all of it was dropped as late
testWorlds([73, 98]);
// what waited for a member of a group that left reached subscriptions at another node once more
testWorlds([27, 37]);
// what was missing was told before what had come earlier and waited
testWorlds([117]);
// a node was taken for lost while its links stayed: what was published meanwhile was missing, and nothing said so when it was back
testWorlds([53, 112]);
// a node left over a link that was broken on its way
testWorlds([118]);
// what had been sent over a link without a far side was missing, and nothing said so once another link took its place
testWorlds([182, 421, 505]);
// what was taken was told over such a link: its node waited for it for ever
testWorlds([47, 229]);
// what a client had published that waited on a node when it left was lost
testWorlds([601, 280, 715]);
// what was taken was told over a link that was about to end
testWorlds([576]);
// a subscription had ended before its status was read; what was handed on came to a group's member that was told a backlog of it
testWorlds([373, 259]);
// what was missing where priorities let messages overtake was looked for in its place
testWorlds([746]);
// what waited at a node behind a slow consumer of another subscription had been published before the time that was asked for; a link broke
// in silence, which was not noticed before all was to be quiet
testWorlds([1474]);

// a link had been stalled for seconds when the node at its far side left, and its client was told elsewhere that it had missed nothing
testWorlds([274]);

// a node left while its link to another one, over which nothing had come yet, was broken
testWorlds([535]);
