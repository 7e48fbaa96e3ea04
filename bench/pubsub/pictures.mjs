/** The picture of the report, drawn from its JSON and from nothing else. */
import { drawBars } from "../lib/svg/bars.mjs";
import { colors } from "../lib/svg/chart.mjs";
import { fanOuts } from "./contestant.mjs";
import { bodyBytes } from "./message.mjs";

const [blue, , , grey] = colors;
/** Of two greys the darker one is a product. */
const colorOf = { mpreg: blue, peer: "#57606a", bare: grey };

/**
 * @param {import("./report.mjs").Result} result
 * @returns {Record<string, string>} SVG by file name, for what was measured
 */
export function drawPictures({ contestants, options }) {
  const members = Object.values(contestants).flatMap((each) =>
    each.group === "one" && each.kind === "measured" ? [each] : [],
  );
  if (members.length === 0) return {};
  const picture = drawBars({
    title: "Messages delivered per second",
    subtitle: `Bodies of ${bodyBytes} bytes, one broker; medians of ${options.rounds} rounds`,
    groups: fanOuts.map((fanOut) => ({
      heading: fanOut === 1 ? "1 subscriber" : `${fanOut} subscribers, all of them together`,
      bars: members
        .map(({ title, family, figures }) => {
          const value = figures[`deliveriesPerSecondAt${fanOut}`].median;
          const [label] = title.split(/[:,]/);
          return { label, color: colorOf[family], value, text: Math.round(value).toLocaleString("en-US") };
        })
        .sort((a, b) => b.value - a.value),
    })),
  });
  return { "pubsub-rates.svg": picture };
}
