/** The numbers the routing works with; where each comes from is in docs/routing.md. */

export const policy = {
  /** How fast an expected time follows a slower sample, and a faster one. */
  rise: 0.5,
  fall: 0.1,
  /** The same for what it usually takes. */
  usual: 0.02,
  /** In so long half of what an endpoint was slower than usual, or than its class, is forgotten, unless it is seen again. */
  fadeMs: 10_000,
  /** Scores that differ by no more than this factor are alike. */
  alike: 1.2,
  /** The endpoint that holds a picture's cache is left above this pressure, or when it takes so many times the best one's time. */
  sticky: { pressure: 0.9, slower: 4 },
  breaker: {
    /** Faults in a row that open it. */
    inARow: 3,
    /** It opens as well when more than this share of at least so many calls has failed within the window. */
    share: 0.5,
    least: 10,
    windowMs: 10_000,
    /** Open for openMs x 2^k, at most capMs; k starts again once it has stayed closed for forgetMs. */
    openMs: 1_000,
    capMs: 30_000,
    forgetMs: 60_000,
  },
  /** The most of all candidates that may be out of use before some are asked in spite of it. */
  ejected: 0.5,
  /** A cold endpoint rests restMs x 2^k, at most capMs. */
  rest: { restMs: 1_000, capMs: 30_000 },
  /** What each fault that tells of trouble closes of the gap to 1, and how long half of it takes to go. */
  pressure: { rise: 0.5, halfLifeMs: 5_000 },
  /** Tokens of retries, an isolate and model. */
  budget: { cap: 20, perSuccess: 0.2, perSecond: 1 },
  /** A step is given up after so many times its expected time, and never sooner than leastMs. */
  deadline: { times: 6, leastMs: 400 },
  /** Where nobody else is left: after so many times its expected time, and never before half of what is left. */
  alone: { times: 24, share: 0.5 },
  /** Faults of one step of one run, after which the last is thrown. */
  faults: 6,
  /** An endpoint that has failed this step is asked once more after againMs x 2^k, when nobody else is left. */
  againMs: 100,
  /** The most steps that are asked for twice, and how late one has to be: so many times that quantile of its time. */
  hedge: { share: 0.05, quantile: 0.95, beyond: 1.25 },
  /** An endpoint is too dear by the middle one of so many answers; one call in staleMs sees whether it still is. */
  dear: { calls: 5, staleMs: 60_000 },
  /** `cheapest` takes those that cost at most so many times the least. */
  cheap: 1.1,
  /** Whoever waits looks again at least so often: nobody may have been left to wake it. */
  tickMs: 1_000,
  /** How often a waiting request looks whether another one has brought about what it waits for. */
  lookMs: 20,
  /** Who waits and has not looked for so long has gone without a word. */
  goneMs: 3_000,
  /** So long after its deadline a call's slot is taken back: whoever held it has gone without a word. */
  graceMs: 5_000,
  /** No call is taken to be shorter: clocks in whole milliseconds make it 0, clocks set back less. */
  shortestMs: 1,
  /** What a call is taken to cost in time where nothing of its kind has been seen. */
  unseenMs: 100,
} as const;
