/** Clients that stay connected and do nothing: a child module. */
import { importMpreg } from "./build.mjs";

const clients = [];

/** @param {{ url: string, count: number }} wanted */
export async function openClients({ url, count }) {
  const { connect } = await importMpreg();
  for (let i = 0; i < count; i++) clients.push(await connect(url));
}
