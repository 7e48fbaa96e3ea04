/** The types of graph.map. */
import { describe, expectTypeOf, test } from "vitest";
import type { Graph } from "../../../src/rpc/graph/graph.js";
import type { Ref } from "../../../src/rpc/graph/ref-type.js";

interface Photo {
  readonly url: string;
  readonly tags: string[];
}

declare const graph: Graph;
declare const photos: Ref<Photo[]>;
declare const perhaps: Ref<readonly Photo[] | null>;
declare const anything: Ref<unknown>;
declare const text: Ref<string>;
declare const size: Ref<number>;

describe("graph.map", () => {
  test("gives each item the type of the list's items, and answers a list of what each returns", () => {
    const thumbs = graph.map(photos, (photo) => {
      expectTypeOf(photo).toEqualTypeOf<Ref<Photo>>();
      return graph.call<Uint8Array>("resize", [photo.url]);
    });
    expectTypeOf(thumbs).toEqualTypeOf<Ref<Uint8Array[]>>();
    expectTypeOf(graph.run(thumbs)).toEqualTypeOf<Promise<Uint8Array[]>>();
    graph.map(perhaps, (photo) => {
      expectTypeOf(photo).toEqualTypeOf<Ref<Photo>>();
      return photo.tags.at(0);
    });
  });

  test("knows what the items of an array of this side arrive as", () => {
    graph.map(["a", "b"], (item) => {
      expectTypeOf(item).toEqualTypeOf<Ref<string>>();
      return item;
    });
    graph.map([{ photo: photos.at(0), width: 5 }], (item) => {
      expectTypeOf(item.photo).toEqualTypeOf<Ref<Photo>>();
      expectTypeOf(item.width).toEqualTypeOf<Ref<number>>();
      return item;
    });
    graph.map([size, 7], (item) => {
      expectTypeOf(item).toEqualTypeOf<Ref<number>>();
      return item;
    });
  });

  test("maps in maps have lists of lists", () => {
    const tags = graph.map(photos, (photo) => graph.map(photo.tags, (tag) => graph.call<number>("count", [tag])));
    expectTypeOf(tags).toEqualTypeOf<Ref<number[][]>>();
  });

  test("takes what may be a list, and nothing that cannot be one", () => {
    graph.map(anything, (item) => {
      expectTypeOf(item).toEqualTypeOf<Ref<unknown>>();
      return item;
    });
    // @ts-expect-error -- a text is no list
    graph.map(text, (item) => graph.call("a", [item]));
    // @ts-expect-error -- nor is a number
    graph.map(7, (item) => graph.call("a", [item]));
    // @ts-expect-error -- each returns a reference
    graph.map(photos, () => 7);
    // @ts-expect-error -- and cannot be async
    graph.map(photos, async (photo) => Promise.resolve(graph.call("a", [photo])));
    // @ts-expect-error -- an item has the fields of an item only
    graph.map(photos, (photo) => graph.call("a", [photo.size]));
  });
});
