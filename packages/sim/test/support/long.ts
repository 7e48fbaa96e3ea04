/** SIM_LONG=1 runs clusters of up to 200 nodes, and hours and days of their life: minutes of a machine's time. */
export const isLong: boolean = process.env["SIM_LONG"] === "1";
