import type { RecordInput } from "../record/record.ts";

const PRODUCTS = [
  "oak table",
  "pine shelf",
  "birch stool",
  "cedar chest",
  "maple bowl",
  "ash spoon",
];
const PAGES = ["/", "/products", "/products/oak-table", "/products/maple-bowl", "/search?q=birch"];
const CARDS = ["visa", "mastercard", "invoice"];

/** What a visit carries through all its records. */
interface Visit {
  readonly random: () => number;
  readonly traceId: string;
  readonly user: number;
}

/**
 * The records of one visit to a simulated web shop: a page, perhaps a cart, perhaps a payment; now and
 * then a slow query or an error with its stack.
 */
export function shopVisit(random: () => number): RecordInput[] {
  const visit = { random, traceId: hex(random, 32), user: 1_000 + Math.floor(random() * 400) };
  const records = [...browse(visit)];
  if (random() < 0.45) records.push(...fillCart(visit));
  if (random() < 0.25) records.push(...pay(visit));
  return records;
}

function browse(visit: Visit): RecordInput[] {
  const path = pick(visit, PAGES);
  const ms = duration(visit, 12);
  return [
    record(visit, "shop.http", "debug", `GET ${path}`, { user: visit.user }),
    query(visit, "SELECT * FROM products WHERE visible"),
    record(visit, "shop.http", "info", `GET ${path} 200`, { status: 200, ms }),
  ];
}

function fillCart(visit: Visit): RecordInput[] {
  const product = pick(visit, PRODUCTS);
  const count = 1 + Math.floor(visit.random() * 3);
  const added = { user: visit.user, product, count };
  if (visit.random() < 0.08) {
    return [record(visit, "shop.cart", "warn", `Only 1 ${product} left, ${count} wanted`, added)];
  }
  return [
    query(visit, "UPDATE stock SET reserved = reserved + ? WHERE product = ?"),
    record(visit, "shop.cart", "info", `Added ${count} × ${product}`, added),
  ];
}

function pay(visit: Visit): RecordInput[] {
  const amount = Math.round(visit.random() * 40_000 + 900) / 100;
  const order = hex(visit.random, 8);
  const start = record(visit, "shop.payment", "info", "Payment started", {
    order,
    amount,
    card: pick(visit, CARDS),
  });
  if (visit.random() < 0.06) return [start, failedPayment(visit, order)];
  return [
    start,
    query(visit, "INSERT INTO orders VALUES (?, ?, ?)"),
    record(visit, "shop.payment", "info", `Order ${order} paid`, { order, amount }),
  ];
}

function failedPayment(visit: Visit, order: string): RecordInput {
  const error = new Error("Card issuer did not answer within 5000 ms");
  error.name = "PaymentTimeout";
  return record(visit, "shop.payment", "error", `Payment of order ${order} failed`, {
    order,
    error,
  });
}

function query(visit: Visit, sql: string): RecordInput {
  const isSlow = visit.random() < 0.03;
  const ms = duration(visit, isSlow ? 900 : 3);
  return record(visit, "shop.db", isSlow ? "warn" : "debug", isSlow ? "Slow query" : "Query", {
    sql,
    ms,
  });
}

function record(
  { traceId, random }: Visit,
  logger: string,
  level: "debug" | "info" | "warn" | "error",
  msg: string,
  fields: Record<string, unknown>,
): RecordInput {
  return { level, logger, msg, traceId, spanId: hex(random, 16), fields };
}

function pick({ random }: Visit, choices: readonly string[]): string {
  return choices[Math.floor(random() * choices.length)] as string;
}

/** Milliseconds around `usual`, with a long tail as real ones have. */
function duration({ random }: Visit, usual: number): number {
  return Math.round(usual * (0.6 - Math.log(1 - random())) * 10) / 10;
}

function hex(random: () => number, digits: number): string {
  let text = "";
  while (text.length < digits) text += Math.floor(random() * 16).toString(16);
  return text;
}
