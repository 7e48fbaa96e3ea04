/** One clock for all processes of this machine: milliseconds of the system's monotonic clock, which they share. */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;
