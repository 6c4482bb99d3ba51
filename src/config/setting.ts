/**
 * What settings are made of. Each is a Valibot schema with a word about itself, from which come the
 * checks, the sentences of errors and the JSON Schema alike.
 */
import * as v from "valibot";
import { didYouMean } from "./suggest.ts";

/** Checks a value, whatever it is, and makes it what the pipeline takes. */
export type Setting<T> = v.GenericSchema<unknown, T>;

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  /** Keywords and their values. */
  readonly [keyword: string]: unknown;
}

/** One value. */
export interface Leaf {
  readonly kind: "leaf";
  readonly description: string;
  /** What JSON Schema says of it. */
  readonly json: JsonSchema;
  /** Must not be shown, neither in errors nor in summaries. */
  readonly isSecret: boolean;
  /** What a text stands for that came from the environment. */
  readonly fromText: "text" | "number" | "boolean";
}

/** Named settings. */
export interface Section {
  readonly kind: "section";
  readonly description: string;
  readonly entries: Readonly<Record<string, Setting<unknown>>>;
  /** Other names of settings. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Names that mean something elsewhere, and what to do about them here. */
  readonly advice: Readonly<Record<string, string>>;
  /** Names that must be there. */
  readonly required: readonly string[];
  /** Whether other keys are taken as they are. */
  readonly isOpen: boolean;
}

/** Settings of one kind, by names or in a row. */
export interface Collection {
  readonly kind: "map" | "list";
  readonly description: string;
  readonly item: Setting<unknown>;
}

/** A setting whose kind its value tells. */
export interface Choice {
  readonly kind: "choice";
  readonly description: string;
  /** Finds the kind; a text says why there is none. */
  readonly choose: (value: unknown) => Setting<unknown> | string;
  /** All that are known in advance. */
  readonly known: () => readonly Setting<unknown>[];
}

/** What a setting says of itself. */
export type Meta = Leaf | Section | Collection | Choice;

const metas = new WeakMap<object, Meta>();

/** What a setting says of itself. */
export function metaOf(setting: Setting<unknown>): Meta {
  const meta = metas.get(setting);
  if (meta === undefined) throw new TypeError("This schema is no setting");
  return meta;
}

function about<T>(setting: Setting<T>, meta: Meta): Setting<T> {
  metas.set(setting, meta);
  return setting;
}

/** How a value is read. */
export interface LeafRule<T> {
  /** What is allowed, as the end of "allowed are ...". */
  readonly allowed: string;
  /** The value that the pipeline takes; undefined if it is not allowed. */
  readonly read: (value: unknown) => T | undefined;
  /** What JSON Schema says of it. */
  readonly json: JsonSchema;
  /** Names that may have been meant. */
  readonly names?: readonly string[];
  /** Whether it must not be shown. */
  readonly isSecret?: boolean;
  /** What a text from the environment stands for. @default {"text"} */
  readonly fromText?: Leaf["fromText"];
}

/** One value, read by a rule. */
export function leaf<T>(description: string, rule: LeafRule<T>): Setting<T> {
  const { allowed, read, json, names = [], isSecret = false, fromText = "text" } = rule;
  const schema = v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (value !== undefined) return value;
      const guess = typeof dataset.value === "string" ? didYouMean(dataset.value, names) : "";
      addIssue({ message: `allowed are ${allowed}${guess}` });
      return NEVER;
    }),
  );
  return about(schema, { kind: "leaf", description, json, isSecret, fromText });
}

/** What a section has beside its settings. */
export interface SectionRules {
  /** Other names of settings. */
  readonly aliases?: Section["aliases"];
  /** What to do about names that mean something elsewhere. */
  readonly advice?: Section["advice"];
  /** Names that must be there. */
  readonly required?: Section["required"];
  /** Whether other keys are taken as they are. */
  readonly isOpen?: boolean;
}

/** The settings of a section, by their names. */
export type Entries<T> = { readonly [K in keyof T]-?: Setting<Exclude<T[K], undefined>> };

/** Named settings. What is required is looked for where keys are, so that its absence has a place. */
export function section<T extends object>(
  description: string,
  entries: Entries<T>,
  { aliases = {}, advice = {}, required = [], isOpen = false }: SectionRules = {},
): Setting<T> {
  const settings = entries as Readonly<Record<string, Setting<unknown>>>;
  const optional = Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, v.optional(setting)]),
  );
  const schema = isOpen ? v.looseObject(optional) : v.strictObject(optional);
  return about(schema as unknown as Setting<T>, {
    kind: "section",
    description,
    entries: settings,
    aliases,
    advice,
    required,
    isOpen,
  });
}

/** Settings of one kind by names of the user's choice. */
export function map<T>(description: string, item: Setting<T>): Setting<Record<string, T>> {
  const schema = v.record(v.string(), item);
  return about(schema, { kind: "map", description, item });
}

/** Settings of one kind in a row. */
export function list<T>(description: string, item: Setting<T>): Setting<T[]> {
  return about(v.array(item), { kind: "list", description, item });
}

/** A setting whose kind its value tells. */
export function choice<T>(
  description: string,
  { choose, known }: {
    choose: (value: unknown) => Setting<T> | string;
    known: () => readonly Setting<T>[];
  },
): Setting<T> {
  const none = v.pipe(v.unknown(), v.check(() => false, "")) as unknown as Setting<T>;
  const schema = v.lazy((value) => {
    const chosen = choose(value);
    return typeof chosen === "string" ? none : chosen;
  });
  return about(schema, { kind: "choice", description, choose, known });
}
