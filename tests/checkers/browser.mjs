// Looks at pages in Chromium. One job per line on stdin, one answer per line on stdout, both JSON.
//
// A job: page (path), width, height, scheme (light|dark), media (screen|print); then, in this order:
// fragment, clicks (selectors), keys (names of keys), axe (bool), visible (selectors whose shown elements
// are counted), tops (selectors), styles ([selector, property]), picture (path of a PNG), whole (bool).

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.CHECKERS + "/");
const { chromium } = require("playwright-core");
const { HtmlValidate } = require("html-validate");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update", "--font-render-hinting=none",
  "--disable-lcd-text", "--force-color-profile=srgb",
];
const html = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    "doctype-style": "off", "no-trailing-whitespace": "off", "long-title": "off",
    "no-redundant-role": "off", // Safari forgets a table's roles once its display changes
  },
});

async function validated(file) {
  const report = await html.validateFile(file);
  return report.results.flatMap((one) => one.messages)
    .map((one) => `${one.line}:${one.column} ${one.ruleId}: ${one.message}`);
}

async function looked(browser, job) {
  const context = await browser.newContext({
    viewport: { width: job.width, height: job.height }, colorScheme: job.scheme,
    reducedMotion: "reduce",
  });
  const seen = { requests: [], errors: [] };
  const url = pathToFileURL(job.page).href;
  const page = await context.newPage();
  context.on("page", () => seen.errors.push("opened another page"));
  page.on("request", (one) => { if (one.url().split("#")[0] !== url) seen.requests.push(one.url()); });
  page.on("console", (one) => { if (["error", "warning"].includes(one.type())) seen.errors.push(one.text()); });
  page.on("pageerror", (one) => seen.errors.push(String(one)));
  page.on("dialog", (one) => { seen.errors.push(`dialog: ${one.message()}`); one.dismiss(); });
  await page.emulateMedia({ media: job.media });
  await page.goto(url + job.fragment);
  for (const selector of job.clicks) await page.locator(selector).first().click();
  for (const key of job.keys) await page.keyboard.press(key);
  const answer = { ...seen, violations: [], visible: {}, tops: {}, styles: [] };
  answer.overflow = await page.evaluate(() => {
    const root = document.documentElement;
    return Math.max(root.scrollWidth, document.body.scrollWidth) - root.clientWidth;
  });
  if (job.axe) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    answer.violations = violations.map(
      (one) => `${one.id}: ${one.nodes.slice(0, 3).map((n) => n.html.slice(0, 120) + " " + n.failureSummary.slice(0, 200)).join(" | ")}`);
  }
  for (const selector of job.visible)
    answer.visible[selector] = await page.locator(selector).evaluateAll(
      (all) => all.filter((one) => one.checkVisibility({ contentVisibilityAuto: true })).length);
  for (const selector of job.tops)
    answer.tops[selector] = await page.locator(selector).first().evaluate((one) => one.getBoundingClientRect().top);
  for (const [selector, property] of job.styles)
    answer.styles.push(await page.locator(selector).first().evaluate(
      (one, name) => getComputedStyle(one).getPropertyValue(name), property));
  if (job.picture) await page.screenshot({ path: job.picture, fullPage: job.whole });
  await context.close();
  return answer;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer;
  try {
    answer = job.validate ? { messages: await validated(job.validate) } : await looked(browser, job);
  } catch (error) {
    answer = { failed: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await browser.close();
