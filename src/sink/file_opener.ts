import type { Clock } from "../clock.ts";
import { type AppendFile, openAppendFile } from "../platform/append_file.ts";
import { openMappedFile } from "../platform/mapped_file.ts";
import { createRotation, type Rotation } from "./rotation.ts";
import { type RotationOptions, rotationSettings } from "./rotation_options.ts";

/** How the file of a path is opened, each time that it is. */
export function fileOpener(
  path: string,
  strategy: "line" | "block" | "mapped",
): () => AppendFile {
  return strategy === "mapped" ? () => openMappedFile(path) : () => openAppendFile(path);
}

/** What a rotation tells. */
export interface RotationListeners {
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
  readonly onRotate?: () => void;
}

/**
 * How the rotation of a path is made; undefined if nothing asks for one.
 *
 * @throws {TypeError | RangeError} If an option is out of range
 */
export function rotationMaker(
  path: string,
  options: RotationOptions,
  listeners: RotationListeners,
): (() => Rotation) | undefined {
  rotationSettings(options);
  const { maxBytes, every, keep, gzip } = options;
  const asked = [maxBytes, every, keep, gzip].some((option) => option !== undefined);
  return asked ? () => createRotation(path, options, listeners) : undefined;
}

/** Tells of an error where nobody else is told. */
export function tellOnConsole(error: Error): void {
  console.error(`logflume: ${error.message}`);
}
