/** The elements that pictures are made of: SVG that needs nothing but itself, with its own background. */

export const width = 860;
export const ink = { text: "#1f2328", muted: "#59636e", grid: "#e4e8ec", frame: "#d0d7de", paper: "#ffffff" };
const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/**
 * The beginning of a document: its paper, title and subtitle. It ends with `</svg>`.
 *
 * @param {string} title
 * @param {string} subtitle
 * @param {number} height
 * @returns {string[]}
 */
export function openDocument(title, subtitle, height) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${font}" font-size="13" fill="${ink.text}">`,
    `<title>${escape(`${title}: ${subtitle}`)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${ink.paper}" stroke="${ink.frame}"/>`,
    text(24, 34, title, 'font-size="17" font-weight="600"'),
    text(24, 56, subtitle, `fill="${ink.muted}"`),
  ];
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} [attributes]
 */
export function text(x, y, content, attributes = "") {
  return `<text x="${round(x)}" y="${round(y)}"${attributes === "" ? "" : ` ${attributes}`}>${escape(content)}</text>`;
}

/** A tenth of a pixel: more would only make the file longer. */
export const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** @param {string} content */
export function escape(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
