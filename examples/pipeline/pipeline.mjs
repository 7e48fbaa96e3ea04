/**
 * The pipeline: one graph of calls, written as if the functions were here.
 *
 * A call gives a reference, not a value: passing it on, or a field of it (`weather.rows`), is what makes the graph. No
 * step waits for a stage to be complete, only for its own inputs: the weather is ready while flights are still checked.
 * Each call asks for resources, never for a node; the cluster finds the node that has them.
 */

/** What a step of each role needs where it runs. */
const INGESTION = ["ingestion", "raw-data", "vega-datasets"];
const PROCESSING = ["processing", "etl"];
const ANALYTICS = ["analytics", "ml"];
const STORAGE = ["storage", "database"];

/** The functions the graph calls: the cluster is ready when the entry router knows of all of them. */
export const FUNCTIONS = ["ingest", "validate", "clean", "enrich", "detect", "insights", "store", "report"];

/**
 * @param {ReturnType<import("mpreg").Client["graph"]>} graph an empty one
 * @returns {import("mpreg").Ref<import("./stages/report.mjs").Report>} what to run the graph for
 */
export function pipeline(graph) {
  const call = (fun, args, name, resources) => graph.call(fun, args, { name, resources });

  // 1. ingest: three files
  const weather = call("ingest", ["weather"], "ingest weather", INGESTION);
  const normals = call("ingest", ["normals"], "ingest normals", INGESTION);
  const flights = call("ingest", ["flights"], "ingest flights", INGESTION);

  // 2. validate
  const validWeather = call("validate", ["weather", weather.rows], "validate weather", PROCESSING);
  const validNormals = call("validate", ["normals", normals.rows], "validate normals", PROCESSING);
  const validFlights = call("validate", ["flights", flights.columns], "validate flights", PROCESSING);

  // 3. clean
  const cleanWeather = call("clean", ["weather", validWeather.rows], "clean weather", PROCESSING);
  const cleanNormals = call("clean", ["normals", validNormals.rows], "clean normals", PROCESSING);
  const cleanFlights = call("clean", ["flights", validFlights.columns], "clean flights", PROCESSING);

  // 4. enrich: two datasets become one
  const days = call("enrich", ["weather", cleanWeather.rows, cleanNormals.rows], "enrich weather", PROCESSING);
  const trips = call("enrich", ["flights", cleanFlights.columns], "enrich flights", PROCESSING);

  // 5. detect anomalies
  const oddDays = call("detect", ["weather", days.rows], "detect weather", ANALYTICS);
  const oddTrips = call("detect", ["flights", trips.columns], "detect flights", ANALYTICS);

  // 6. insights
  const cities = call("insights", ["weather", days.rows, oddDays.found], "insights weather", ANALYTICS);
  const delays = call("insights", ["flights", trips.columns, oddTrips.found], "insights flights", ANALYTICS);

  // 7. store: references may stand anywhere inside an argument
  const weatherTables = { days: days.rows, anomalies: oddDays.found, cities: cities.cities };
  const flightTables = { flights: trips.columns, anomalies: oddTrips.found, bands: delays.bands, parts: delays.parts };
  const storedWeather = call("store", ["weather", weatherTables], "store weather", STORAGE);
  const storedFlights = call("store", ["flights", flightTables], "store flights", STORAGE);

  // 8. report: from the files that were stored, and the counts of every step
  const counts = {
    ingest: [weather.counts, normals.counts, flights.counts],
    validate: [validWeather.counts, validNormals.counts, validFlights.counts],
    clean: [cleanWeather.counts, cleanNormals.counts, cleanFlights.counts],
    enrich: [days.counts, trips.counts],
    "detect anomalies": [oddDays.counts, oddTrips.counts],
    insights: [cities.counts, delays.counts],
    store: [storedWeather.counts, storedFlights.counts],
  };
  return call("report", [[storedWeather.tables, storedFlights.tables], counts], "report", STORAGE);
}
