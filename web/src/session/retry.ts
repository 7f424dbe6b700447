/** When to try again. Pure. */

const STEPS_MS = [150, 500, 1_000, 2_000, 4_000, 7_000, 10_000];

/** Milliseconds to wait before attempt `attempt` (from 1); `random` in [0, 1) spreads many pages over time. */
export function retryDelay(attempt: number, random: number): number {
  const step = STEPS_MS[Math.min(attempt, STEPS_MS.length) - 1] ?? 150;
  return Math.round(step * (0.8 + 0.2 * random));
}
