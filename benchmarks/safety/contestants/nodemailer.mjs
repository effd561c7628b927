// nodemailer's pooled transport with the usual retry loop and a file of what was sent.
//
// As nodemailer.com has it: `pool: true` with its defaults (5 connections, 100 messages each), every
// message given to the pool at once. The loop tries four times, never again after a 5yz, and keeps
// one line a message in sent.jsonl or failed.jsonl; a later run leaves out whoever is in either.

import fs from "node:fs";
import process from "node:process";
import { createRequire } from "node:module";

const NONE = 3;
const TRIES = 4;
const SENT = "sent.jsonl";
const FAILED = "failed.jsonl";
const SUBSCRIBERS = "subscribers.json";

function readCampaign() {
  const [, ...rows] = fs.readFileSync("recipients.csv", "utf8").trim().split(/\r?\n/);
  return rows.map((row) => {
    const [number, email, firstName, text] = row.split(",");
    return { number: Number(number), email, firstName, text, optedOut: false };
  });
}

function readSubscribers() {
  return JSON.parse(fs.readFileSync(SUBSCRIBERS, "utf8"));
}

function writeSubscribers(people) {
  fs.writeFileSync(`${SUBSCRIBERS}.new`, JSON.stringify(people));
  fs.renameSync(`${SUBSCRIBERS}.new`, SUBSCRIBERS);
}

function readNumbers(file) {
  if (!fs.existsSync(file)) return new Set();
  const lines = fs.readFileSync(file, "utf8").split("\n").slice(0, -1); // a torn last line is no line
  return new Set(lines.map((line) => JSON.parse(line).number));
}

function keep(file, record) {
  fs.appendFileSync(file, `${JSON.stringify(record)}\n`);
}

function compose(person) {
  const text = JSON.parse(fs.readFileSync("texts.json", "utf8"))[person.text];
  return {
    from: "studio@example.com",
    to: person.email,
    subject: text.subject.replaceAll("{name}", person.firstName),
    text: text.body.replaceAll("{name}", person.firstName),
  };
}

async function sendWithRetry(transport, person) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await transport.sendMail(compose(person));
      return keep(SENT, { number: person.number });
    } catch (error) {
      if (attempt === TRIES || error.responseCode >= 500) {
        return keep(FAILED, { number: person.number, error: error.message });
      }
      await new Promise((resolve) => setTimeout(resolve, 250 * attempt));
    }
  }
}

async function send() {
  const require = createRequire(`${process.env.SAFETY_NODE_MODULES}/`);
  const nodemailer = require("nodemailer");
  const timeout = 1000 * Number(process.env.SAFETY_TIMEOUT);
  const transport = nodemailer.createTransport({
    pool: true,
    host: "127.0.0.1",
    port: Number(process.env.SAFETY_SMTP_PORT),
    ignoreTLS: true,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
  });
  const done = new Set([...readNumbers(SENT), ...readNumbers(FAILED)]);
  const due = readSubscribers().filter((each) => !each.optedOut && !done.has(each.number));
  await Promise.all(due.map((person) => sendWithRetry(transport, person)));
  transport.close();
}

function report() {
  const said = Object.fromEntries(readSubscribers().map((each) => [each.number, "open"]));
  for (const number of readNumbers(FAILED)) said[number] = "failed";
  for (const number of readNumbers(SENT)) said[number] = "sent";
  return said;
}

function optOut(file) {
  const gone = new Set(fs.readFileSync(file, "utf8").split(/\s+/).map(Number));
  const people = readSubscribers();
  for (const each of people) each.optedOut ||= gone.has(each.number);
  writeSubscribers(people);
}

const [word, argument] = process.argv.slice(2);
if (word === "queue") writeSubscribers(readCampaign());
else if (word === "send") await send();
else if (word === "opt-out") optOut(argument);
else if (word === "report") console.log(JSON.stringify(report()));
else if (word !== "edit") process.exitCode = NONE; // the texts are read from texts.json as they are
