// nodemailer's pooled transport: 16 connections, kept for all messages, and the letter as template
// literals, which are quicker than any of its template engines. It keeps no record of what was sent.

import fs from "node:fs";
import process from "node:process";
import { createRequire } from "node:module";

const CONNECTIONS = 16;
const AT_ONCE = 64; // handed to the pool at a time, so that memory doesn't grow with the list

const require = createRequire(`${process.env.THROUGHPUT_NODE_MODULES}/`);
const nodemailer = require("nodemailer");
const parts = JSON.parse(fs.readFileSync("letter.json", "utf8"));
const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const escape = (text) => text.replace(/[&<>"']/g, (found) => escapes[found]);
const compiled = { text: compile(parts.text, "(text) => text"), html: compile(parts.html, "escape") };

function compile(template, escaper) {
  const body = template
    .replaceAll("\\", "\\\\")
    .replaceAll("`", "\\`")
    .replace(/\{% for offer in offers -?%\}\n?([^]*?)\{% endfor %\}/, "${offers.map((offer) => `$1`).join('')}")
    .replace(/\{\{ "%.2f" \| format\(([a-z.]+)\) \}\}/g, "${safe($1.toFixed(2))}")
    .replace(/\{\{ ([a-z_.]+) \| default\("(\w+)"\) \}\}/g, "${safe($1 ?? '$2')}")
    .replace(/\{\{ ([a-z_.]+) \}\}/g, "${safe($1)}");
  const code = `const safe = ${escaper}; return ({ first_name, offers, leave }) => \`${body}\`;`;
  return new Function("escape", code)(escape);
}

function compose(person) {
  const leave = `https://mail.example.com/u/${String(person.number).padStart(26, "0")}`;
  const context = { ...person, leave };
  return {
    from: { name: parts.from_name, address: parts.from },
    to: { name: person.first_name, address: person.email },
    subject: `${person.first_name}, four coffees for your March`,
    text: compiled.text(context),
    html: compiled.html(context),
    messageId: `<${person.number}@example.com>`,
    headers: {
      "List-Unsubscribe": { prepared: true, value: `<${leave}>` },
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
  };
}

const transport = nodemailer.createTransport({
  pool: true,
  host: "127.0.0.1",
  port: Number(process.env.THROUGHPUT_PORT),
  ignoreTLS: true,
  maxConnections: CONNECTIONS,
  maxMessages: Infinity,
});
const people = fs.readFileSync("people.jsonl", "utf8").trim().split("\n").map((line) => JSON.parse(line));
const began = process.hrtime.bigint();
const cpu = process.cpuUsage();
let next = 0;
async function work() {
  while (next < people.length) {
    const person = people[next];
    next += 1;
    await transport.sendMail(compose(person));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
const used = process.cpuUsage(cpu);
transport.close();
// Not resourceUsage(), which also counts the process that this one was forked from.
const rss = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
console.log(JSON.stringify({ seconds, cpu_seconds: (used.user + used.system) / 1e6, rss_mb: rss }));
