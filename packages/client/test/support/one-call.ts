/** A program as users write it: connects, calls once, closes, and ends because nothing is left to do. */
import { connect } from "@mpreg/client";

const client = await connect(process.argv[2]!);
console.log(await client.call<string>("echo", ["hi there!"]));
await client.close();
