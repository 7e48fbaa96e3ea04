/** Numbers of questions begin here; those of steps are below: both stand on one link. */
export const questionIdMin: number = 2 ** 31;
