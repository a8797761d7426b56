// Vercel's `ai` with `@ai-sdk/openai-compatible`.

import { ARGUMENTS, BASE, CLAUDE, ECHO, KEY, PIXEL, REASON, load, received, same, use } from "./uses.mjs";

const { generateObject, generateText, stepCountIs, streamText, tool } = await load("ai");
const { createOpenAICompatible } = await load("@ai-sdk/openai-compatible");
const { z } = await load("zod");
// Its warnings would be among the results.
globalThis.AI_SDK_LOG_WARNINGS = false;

const provider = createOpenAICompatible({ name: "weft", baseURL: BASE, apiKey: KEY, includeUsage: true });
const ask = { model: provider(ECHO), prompt: "hi", maxRetries: 0 };
const inputSchema = z.object({ city: z.string() });

// Returns the parts of a stream whose type is `kind`, as one text.
async function streamed(options, kind) {
  const result = streamText({ ...options, onError: () => {} });
  let text = "";
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === kind) text += part.text;
  }
  return { text, usage: await result.usage };
}

await use("generateText", async () => {
  same("the answer", (await generateText(ask)).text, "echo: hi");
});

await use("streamText with usage", async () => {
  const { text, usage } = await streamed(ask, "text-delta");
  same("the answer", text, "echo: hi");
  same("the usage", usage.totalTokens, 18);
});

await use("streamText with reasoning", async () => {
  const { text } = await streamed({ ...ask, model: provider(REASON) }, "reasoning-delta");
  same("the reasoning", text, "Let me think about this. ");
});

await use("tools", async () => {
  const called = [];
  const execute = async (input) => (called.push(input), "sunny");
  const tools = { get_weather: tool({ description: "Returns the weather.", inputSchema, execute }) };
  const { text } = await generateText({ ...ask, tools, stopWhen: stepCountIs(3) });
  same("the answer", text, "the tool says: sunny");
  same("the calls", called, [ARGUMENTS]);
});

await use("generateObject", async () => {
  const schema = z.object({ city: z.string(), temp: z.number() });
  same("the value", (await generateObject({ ...ask, schema })).object, { city: "Paris", temp: 42 });
});

await use("`topP`, `stopSequences`", async () => {
  await generateText({ ...ask, topP: 0.9, stopSequences: ["x"] });
  const { top_p, stop } = received();
  same("the options", { top_p, stop }, { top_p: 0.9, stop: ["x"] });
});

await use("`seed`", async () => {
  await generateText({ ...ask, seed: 7 });
  same("the seed", received().seed, 7);
});

await use("image part", async () => {
  const content = [
    { type: "text", text: "look" },
    { type: "image", image: Buffer.from(PIXEL, "base64") },
  ];
  const { text } = await generateText({ ...ask, prompt: undefined, messages: [{ role: "user", content }] });
  same("the answer", text, "echo: look");
  same("the image", received().messages[0].content[1].image_url.url, `data:image/png;base64,${PIXEL}`);
});

await use("Claude: tools streamed", async () => {
  const tools = { get_weather: tool({ inputSchema, execute: async () => "sunny" }) };
  const options = { ...ask, model: provider(CLAUDE), tools, stopWhen: stepCountIs(3) };
  same("the answer", (await streamed(options, "text-delta")).text, "the tool says: sunny");
});
