/** Chaotic worlds under all checks: every other group of them, so that two processors share them. */
import { testChaos } from "../support/chaos-seeds.js";

testChaos(1, 2);
