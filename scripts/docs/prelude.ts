/** What a `fragment` of the documentation may use without importing or declaring it (CONTRIBUTING.md says more). */
import { createNode, connect, contract, fn, ref, context, MpregError } from "mpreg";
import type { Client, MpregNode } from "mpreg";
declare const client: Client;
declare const node: MpregNode;
declare const url: string;
declare const data: unknown;
declare const sensorId: string;
