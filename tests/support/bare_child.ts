/** A program where there is no process, no file system and no permission of any kind. */
Reflect.deleteProperty(globalThis, "process");
const { openPipeline } = await import("../../mod.ts");
const lines: string[] = [];
const pipeline = await openPipeline({
  sinks: { list: (batch) => void lines.push(...batch.lines()) },
});
pipeline.logger("bare").info("no disk needed", { answer: 42 });
await pipeline.close();
const { msg, logger, fields } = JSON.parse(lines[0]!);
console.log(JSON.stringify({ msg, logger, fields, count: lines.length }));
