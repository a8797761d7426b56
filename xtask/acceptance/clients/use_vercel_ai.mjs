// Vercel's `ai` with `@ai-sdk/openai-compatible`, and with `@ai-sdk/openai`, which speaks OpenAI's Responses.

import { ARGUMENTS, BASE, CLAUDE, ECHO, KEY, PIXEL, REASON, load, received, same, use } from "./uses.mjs";

const { generateObject, generateText, stepCountIs, streamText, tool } = await load("ai");
const { createOpenAICompatible } = await load("@ai-sdk/openai-compatible");
const { createOpenAI } = await load("@ai-sdk/openai");
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

// Its models name earlier items of a conversation instead of repeating them.
const responses = createOpenAI({ baseURL: BASE, apiKey: KEY });

async function twoTurns(model) {
  const first = await generateText({ ...ask, model });
  const turns = [{ role: "user", content: "hi" }, ...first.response.messages, { role: "user", content: "more" }];
  return (await generateText({ model, messages: turns, maxRetries: 0 })).text;
}

function loop(model) {
  const tools = { get_weather: tool({ inputSchema, execute: async () => "sunny" }) };
  return { ...ask, model, tools, stopWhen: stepCountIs(3) };
}

await use("Responses: two turns", async () => {
  same("the answer", await twoTurns(responses(ECHO)), "echo: more");
  same("the first answer", received().messages[1].content, "echo: hi");
});

await use("Responses: two turns with reasoning", async () => {
  same("the answer", await twoTurns(responses(REASON)), "echo: more");
});

await use("Responses: tools", async () => {
  same("the answer", (await generateText(loop(responses(ECHO)))).text, "the tool says: sunny");
});

await use("Responses: tools streamed", async () => {
  same("the answer", (await streamed(loop(responses(ECHO)), "text-delta")).text, "the tool says: sunny");
});

await use("Responses: tools with reasoning", async () => {
  same("the answer", (await generateText(loop(responses(REASON)))).text, "the tool says: sunny");
});

await use("Responses: Claude: two turns and tools", async () => {
  same("the answer", await twoTurns(responses(CLAUDE)), "echo: more");
  same("the answer", (await streamed(loop(responses(CLAUDE)), "text-delta")).text, "the tool says: sunny");
});
