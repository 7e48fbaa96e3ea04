/**
 * Where results are kept: docs/benchmarks/rpc.json and soak.json, and rpc.md drawn from both; membership.json, calls.json,
 * topics.json, pubsub.json and queues.json, and reports and pictures drawn from each.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { drawPictures as drawCalls } from "../calls/pictures.mjs";
import { renderCalls } from "../calls/report.mjs";
import { drawPictures as drawMembership } from "../membership/pictures.mjs";
import { renderMembership } from "../membership/report.mjs";
import { drawPictures as drawPubsub } from "../pubsub/pictures.mjs";
import { renderPubsub } from "../pubsub/report.mjs";
import { drawPictures as drawQueues } from "../queues/pictures.mjs";
import { renderQueues } from "../queues/report.mjs";
import { renderTopics } from "../topics/report.mjs";
import { renderReport } from "./report.mjs";

const workspace = new URL("../../", import.meta.url);
const folder = new URL("docs/benchmarks/", workspace);
const resultFile = new URL("rpc.json", folder);
const soakFile = new URL("soak.json", folder);
const reportFile = new URL("rpc.md", folder);

/** @returns {Promise<import("../soak.mjs").SoakResult | undefined>} the last soak */
export function readSoak() {
  return readJson(soakFile);
}

/** @param {import("./report.mjs").Result} result */
export async function writeResult(result) {
  await writeJson(resultFile, result);
  await writeReport(result, await readSoak());
}

/** @param {import("../membership/report.mjs").Result} result */
export function writeMembership(result) {
  return writeDrawn("membership", result, { render: renderMembership, draw: drawMembership });
}

/** @param {import("../calls/report.mjs").Result} result */
export function writeCalls(result) {
  return writeDrawn("calls", result, { render: renderCalls, draw: drawCalls });
}

/** @param {import("../topics/report.mjs").Result} result */
export function writeTopics(result) {
  return writeDrawn("topics", result, { render: renderTopics, draw: () => ({}) });
}

/** @param {import("../pubsub/report.mjs").Result} result */
export function writePubsub(result) {
  return writeDrawn("pubsub", result, { render: renderPubsub, draw: drawPubsub });
}

/** @param {import("../queues/report.mjs").Result} result */
export function writeQueues(result) {
  return writeDrawn("queues", result, { render: renderQueues, draw: drawQueues });
}

/**
 * Writes a result, and what is drawn from it as it stands in its JSON.
 *
 * @template Result
 * @param {string} name
 * @param {Result & object} result
 * @param {{ render: (result: Result) => string, draw: (result: Result) => Record<string, string> }} how
 */
async function writeDrawn(name, result, { render, draw }) {
  const jsonFile = new URL(`${name}.json`, folder);
  await writeJson(jsonFile, result);
  const written = await readJson(jsonFile);
  await writeFile(new URL(`${name}.md`, folder), await format(render(written), "markdown"));
  for (const [file, picture] of Object.entries(draw(written))) await writeFile(new URL(file, folder), picture);
}

/** @param {import("../soak.mjs").SoakResult} soak */
export async function writeSoak(soak) {
  await writeJson(soakFile, soak);
  const result = await readJson(resultFile);
  if (result !== undefined) await writeReport(result, soak);
}

/**
 * @param {import("./report.mjs").Result} result
 * @param {import("../soak.mjs").SoakResult | undefined} soak
 */
async function writeReport(result, soak) {
  await writeFile(reportFile, await format(renderReport(result, soak), "markdown"));
}

/** @param {URL} file */
async function readJson(file) {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * @param {URL} file
 * @param {object} value
 */
async function writeJson(file, value) {
  await mkdir(folder, { recursive: true });
  await writeFile(file, await format(JSON.stringify(value, roundNumber), "json"));
}

/** Four significant digits: more would be noise in every diff. */
function roundNumber(/** @type {string} */ _key, /** @type {unknown} */ value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

/**
 * Laid out as the repository's formatter wants it, so that a result never fails the check.
 *
 * @param {string} text
 * @param {"json" | "markdown"} parser
 */
async function format(text, parser) {
  const { default: prettier } = await import(createRequire(new URL("package.json", workspace)).resolve("prettier"));
  return prettier.format(text, { parser, printWidth: 120 });
}
