/** Redis publish/subscribe through ioredis: the publishes of a turn are one pipeline. */
import { Redis } from "ioredis";

const open = (address) => new Redis({ ...address, lazyConnect: true, retryStrategy: null });

/**
 * A pipeline made by hand is the fastest of the three ways there are: with `enableAutoPipelining`, and without any, each publish
 * has a promise of its own.
 */
export async function openPublisher({ address, topics }) {
  const redis = open(address);
  await redis.connect();
  let pipeline = redis.pipeline();
  let answered = Promise.resolve();
  const flush = () => {
    if (pipeline.length === 0) return;
    answered = pipeline.exec().then(refuseErrors);
    pipeline = redis.pipeline();
  };
  return {
    publish: (topic, body) => {
      if (pipeline.length === 0) process.nextTick(flush);
      pipeline.publish(topics[topic], body);
    },
    // answers come in the order of the commands
    taken: () => {
      flush();
      return answered;
    },
  };
}

/** A pipeline is fulfilled also when commands of it fail. */
function refuseErrors(answers) {
  for (const [error] of answers) if (error !== null) throw error;
}

export async function openSubscriber({ address, pattern, onMessage }) {
  const redis = open(address);
  await redis.connect();
  redis.on("pmessageBuffer", (_pattern, _channel, body) => onMessage(body));
  await redis.psubscribe(pattern);
}

export async function openIdle({ address }) {
  const redis = open(address);
  await redis.connect();
  return (patterns) => redis.psubscribe(...patterns);
}
