/** Limits of SQS, as AWS documents them (quotas of messages, queues and policies; since August 2025 a message may have 1 MiB). */
export const sqsLimits = {
  /** Bytes of one message with its attributes, and of all messages of one batch. */
  messageBytesMax: 1_048_576,
  batchEntriesMax: 10,
  delaySecondsMax: 900,
  visibilitySecondsMax: 43_200,
  waitSecondsMax: 20,
  receiveMessagesMax: 10,
  messageAttributesMax: 10,
  /** Characters of the name and of the type of a message attribute. */
  attributeNameMax: 256,
  queueNameMax: 80,
  /** Characters of group, deduplication and attempt ids. */
  idMax: 128,
  /** A queue of ours has 50; one is the door's. */
  tagsMax: 49,
  tagKeyMax: 128,
  tagValueMax: 256,
  listMax: 1_000,
  moveTasksMax: 10,
  movesPerSecondMax: 500,
  permissionActionsMax: 7,
  permissionLabelMax: 80,
  redriveSourcesMax: 10,
  maxReceiveCountMax: 1_000,
  dedupWindowMs: 300_000,
} as const;
