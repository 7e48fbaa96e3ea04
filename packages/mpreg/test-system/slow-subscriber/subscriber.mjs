/** A process that subscribes and counts, and tells what it has counted when it is asked. */
import { connect } from "mpreg";

const [, , url, pattern] = process.argv;
const client = await connect(url);
const counted = { received: 0, disordered: 0, missed: 0, last: 0, isMissedUnknown: false };
await client.subscribe(pattern, {
  onMessage: ({ payload: number, missedBefore }) => {
    counted.received += 1;
    if (number <= counted.last) counted.disordered += 1;
    counted.last = number;
    if (missedBefore === Infinity) counted.isMissedUnknown = true;
    else counted.missed += missedBefore;
  },
});
process.on("message", () => process.send(counted));
process.on("disconnect", () => process.exit());
process.send("subscribed");
