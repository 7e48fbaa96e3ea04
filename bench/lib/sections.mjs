/** Sections: the part of a report that has one for each measurement, with what was not measured, and why. */

/**
 * @template R
 * @param {Record<string, { heading: string, render: (measured: any, result: R) => string[] }>} sections by measurement
 * @param {R & { measurements: Record<string, any> }} result
 * @returns {string[]} paragraphs
 */
export function renderSections(sections, result) {
  return Object.entries(sections).flatMap(([name, { heading, render }]) => {
    const outcome = result.measurements[name];
    if (outcome === undefined) return [];
    if (outcome.kind === "measured") return [heading, ...render(outcome, result)];
    return [heading, `- not measured: ${outcome.title} (${outcome.reason.split("\n")[0]})`];
  });
}
