/** Worlds of topics under all checks: every other ten of them, so that two processors share them. */
import { testTopics } from "../support/topic-seeds.js";

testTopics(0, 2);
