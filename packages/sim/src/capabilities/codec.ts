/** Codec: the product's own, over the UTF-8 of this package. It has no state that shows, so all worlds share one. */
import { explainReference } from "@mpreg/core/rpc";
import { type Codec, createCodec } from "@mpreg/core/values";
import { utf8 } from "./utf8.js";

export const codec: Codec = createCodec(utf8, { explain: explainReference });
