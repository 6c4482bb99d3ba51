import { isLevel, type Level, LEVEL_RANK, LEVELS } from "../record/level.ts";
import type { QueryScanner } from "./query_scanner.ts";

/** Levels as a query line names them. */
export interface NamedLevels {
  /** The lowest one. */
  readonly min?: Level;
  /** Exactly these. */
  readonly levels?: readonly Level[];
}

/** A name, and where it stands. */
interface Item {
  readonly item: string;
  readonly at: number;
}

/**
 * The levels of a term such as `level>=warn`; `takeList` reads what stands behind the operator.
 *
 * @throws {FilterError} If there is no such level, or none is left
 */
export function levelsNamed(
  operator: string,
  takeList: () => readonly Item[],
  scanner: QueryScanner,
  start: number,
): NamedLevels {
  if (operator === "~" || operator === "?") {
    throw scanner.error("Wrong test of a level", "use = != > >= < or <=", start);
  }
  const items = takeList();
  const named = items.map((item) => readLevel(item, scanner));
  if (operator === "=") return { levels: [...new Set(named)] };
  if (operator === "!=") return { levels: LEVELS.filter((level) => !named.includes(level)) };
  const [first] = named;
  if (first === undefined || items.length > 1) {
    throw scanner.error("Too many levels", `name one behind ${operator}`, items[1]?.at ?? start);
  }
  return bounded(operator, LEVEL_RANK[first]) ?? noneLeft(scanner, operator + first, start);
}

function readLevel({ item, at }: Item, scanner: QueryScanner): Level {
  const level = item.toLowerCase();
  if (isLevel(level)) return level;
  throw scanner.error(
    `Unknown level ${JSON.stringify(item.slice(0, 32))}`,
    `use ${LEVELS.join(", ")}`,
    at,
  );
}

/** Undefined if no level lies there. */
function bounded(operator: string, rank: number): NamedLevels | undefined {
  if (operator.startsWith("<")) {
    const levels = LEVELS.slice(0, operator === "<=" ? rank + 1 : rank);
    return levels.length === 0 ? undefined : { levels };
  }
  const min = LEVELS[operator === ">=" ? rank : rank + 1];
  return min === undefined ? undefined : { min };
}

function noneLeft(scanner: QueryScanner, test: string, start: number): never {
  throw scanner.error("No level is left", `there is none ${test}`, start);
}
