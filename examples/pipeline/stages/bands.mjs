/**
 * The groups flights are put into. A flight holds the group's index; these tables give its bounds and its name.
 */

/** Distance in miles: from (included) to (excluded). */
export const DISTANCE_BANDS = [
  { label: "under 500", from: 0, to: 500 },
  { label: "500 to 999", from: 500, to: 1000 },
  { label: "1,000 to 1,499", from: 1000, to: 1500 },
  { label: "1,500 to 1,999", from: 1500, to: 2000 },
  { label: "2,000 to 2,499", from: 2000, to: 2500 },
  { label: "2,500 and more", from: 2500, to: Infinity },
];

/** Departure in minutes since midnight: from (included) to (excluded). */
export const DAY_PARTS = [
  { label: "00:00 to 05:59", from: 0, to: 360 },
  { label: "06:00 to 11:59", from: 360, to: 720 },
  { label: "12:00 to 17:59", from: 720, to: 1080 },
  { label: "18:00 to 23:59", from: 1080, to: 1440 },
];

/**
 * @param {{ from: number, to: number }[]} groups that cover every value
 * @param {number} value
 */
export function groupOf(groups, value) {
  return groups.findIndex((group) => value >= group.from && value < group.to);
}
