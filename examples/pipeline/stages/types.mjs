/**
 * The shapes that travel between the stages. Nothing here runs.
 *
 * Days and hours are rows (arrays of objects), because they are few and read best so. Flights are columns (one array
 * per field): 200,000 objects would carry each field's name 200,000 times over the wire.
 *
 * @typedef {object} Counts             rows a step took and gave, and what the report says beside them
 * @property {number} in
 * @property {number} out
 * @property {string} [note]
 *
 * @typedef {object} Refusal            a row that did not pass validation
 * @property {number} row               its place in the file, counted from 1, header not counted
 * @property {string} reason
 *
 * @typedef {object} Day                one city's weather on one day
 * @property {string} city
 * @property {string} date              YYYY-MM-DD
 * @property {number} precipitationMm
 * @property {number} maxC              highest temperature of the day, degrees Celsius
 * @property {number} minC              lowest temperature of the day, degrees Celsius
 * @property {number} wind              as in the file: its description says km/h, its values look like m/s
 * @property {string} weather           drizzle, fog, rain, snow or sun
 *
 * @typedef {Day & { normalC: number | null, departureC: number | null }} EnrichedDay
 *   normalC: mean of the 24 hourly normals of that calendar day, null where there are none (New York);
 *   departureC: (maxC + minC) / 2 - normalC
 *
 * @typedef {object} Hour               the 1981-2010 normal of one hour of the year, Seattle
 * @property {string} time              YYYY-MM-DDTHH:00:00, the year is always 2010
 * @property {number} pressureHpa
 * @property {number} temperatureC
 * @property {number} wind
 *
 * @typedef {object} Flights            one array per field, all of the same length
 * @property {number[]} delay           minutes late on arrival; negative: early
 * @property {number[]} distance        miles
 * @property {number[]} time            departure, hours since midnight, with fractions
 *
 * @typedef {object} CleanFlights
 * @property {number[]} delay           minutes
 * @property {number[]} distance        miles
 * @property {number[]} minute          departure, whole minutes since midnight
 *
 * @typedef {CleanFlights & { band: number[], part: number[] }} EnrichedFlights
 *   band: index into DISTANCE_BANDS; part: index into DAY_PARTS (both in bands.mjs)
 *
 * @typedef {object} WeatherAnomaly
 * @property {"maxC" | "wind"} measure
 * @property {string} city
 * @property {string} date
 * @property {number} value
 * @property {number} mean              of the same city and calendar month
 * @property {number} sd                of the same city and calendar month
 * @property {number} z                 (value - mean) / sd
 *
 * @typedef {object} FlightAnomaly
 * @property {number} row               its place in the cleaned table, counted from 1
 * @property {number} delay
 * @property {number} distance
 * @property {number} band
 * @property {number} z                 (delay - mean of its band) / sd of its band
 *
 * @typedef {object} Extreme            the largest or smallest value, and every day that reached it
 * @property {number} value
 * @property {string[]} dates
 *
 * @typedef {object} CityFigures
 * @property {string} city
 * @property {number} days
 * @property {string} first
 * @property {string} last
 * @property {Extreme} hottest          by maxC
 * @property {Extreme} coldest          by minC
 * @property {Extreme} wettest          by precipitationMm
 * @property {number} hotOrColdDays     days whose maxC is an anomaly
 * @property {number} windyDays         days whose wind is an anomaly
 * @property {{ year: string, days: number, departureC: number }[]} departures   empty where there are no normals
 *
 * @typedef {object} DelayFigures       the flights of one distance band or one part of the day
 * @property {string} label
 * @property {number} flights
 * @property {number} meanDelay         minutes
 * @property {number} lateShare         share of flights more than 15 minutes late, 0 to 1
 * @property {number} anomalies         flights with |z| >= 3
 *
 * @typedef {object} StoredTable        what the storage node wrote
 * @property {string} table             "weather/days"
 * @property {string} file              absolute path on the storage node
 * @property {number} rows
 * @property {number} bytes
 * @property {string} sha256            of the file's bytes, as hex
 */

export {};
