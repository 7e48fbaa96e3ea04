/**
 * One function per stage, whatever the dataset: the first argument names the dataset, the rest goes to its function.
 */

/**
 * @param {string} stage the word used in the error message
 * @param {Record<string, (...args: any[]) => unknown>} functions one per dataset
 * @returns {(dataset: string, ...args: any[]) => any} throws for a dataset it does not know
 */
export function byDataset(stage, functions) {
  return (dataset, ...args) => {
    if (!Object.hasOwn(functions, dataset)) {
      throw new Error(`Cannot ${stage} "${dataset}"; known are ${Object.keys(functions).join(", ")}`);
    }
    return functions[dataset](...args);
  };
}
