/** One clock for all processes of this machine: milliseconds of the system's monotonic clock, which they share. */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Between the two readings of one try the process may be stopped for a while, which makes it less, never more. */
const originMs = Math.max(...Array.from({ length: 100 }, () => monotonicMs() - performance.now()));

/** The same in microseconds, and cheap enough to be read for every message. */
export const monotonicUs = () => (originMs + performance.now()) * 1e3;
