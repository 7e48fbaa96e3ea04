/** Everything a user of mpreg needs: nodes, clients, contracts, errors. */
export * from "@mpreg/client";
export * from "@mpreg/core";
export * from "@mpreg/node";
