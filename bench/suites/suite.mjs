/**
 * A suite: what is measured together and told in one report.
 *
 * @typedef {object} Options
 * @property {readonly string[]} names of what is to be measured
 * @property {boolean} quick as little as shows that everything runs
 * @property {number} rounds
 * @property {boolean} write whether to write the report
 * @property {(line: string) => void} print
 *
 * @typedef {object} Outcome
 * @property {boolean} failed whether something could not be measured to its end
 * @property {number} missed targets
 * @property {number} targets all of them
 * @property {number} otherLoad the part of the machine that others kept busy, from 0 to 1
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {readonly { name: string, title: string, family: string }[]} items what it can measure
 * @property {(options: Options) => Promise<Outcome>} run
 */
export {};
