/** Names of the tables of the spool. They belong to no queue of this node: its deletion leaves them. */
export const spoolTables = {
  waiting: "queue-spool",
  refused: "queue-spool-refused",
  state: "queue-spool-state",
} as const;
