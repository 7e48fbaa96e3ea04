/** The Query protocol by hand: no SDK of today speaks it. */

export interface QueryAnswer {
  readonly status: number;
  readonly xml: string;
  /** The texts of all elements of that name. */
  readonly all: (name: string) => string[];
  readonly one: (name: string) => string | undefined;
}

/** Sends a form to the door. */
export async function query(
  url: string,
  parameters: Readonly<Record<string, string | number>>,
  path = "/",
): Promise<QueryAnswer> {
  const form = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)]));
  return answerOf(await fetch(url + path, { method: "POST", body: form }));
}

export async function answerOf(response: Response): Promise<QueryAnswer> {
  const xml = await response.text();
  const all = (name: string): string[] =>
    [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text]) => unescaped(text as string));
  return { status: response.status, xml, all, one: (name) => all(name)[0] };
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", `"`)
    .replaceAll("&#13;", "\r")
    .replaceAll("&amp;", "&");
}
