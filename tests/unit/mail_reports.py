"""Delivery reports and complaints as mail servers write them."""

from __future__ import annotations

from textwrap import dedent


def bounce(
    to: str = "bounces@northside.example.com",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    recipient: str = "person1@example.com",
    message_id: str = "unrelated@elsewhere.example",
    envelope_id: str = "",
    date: str = "Tue, 10 Mar 2026 15:10:00 +0000",
    returned: str = "",
    fields: str = "",
) -> bytes:
    """A report as Postfix writes it."""
    whole = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    per_recipient = f"Final-Recipient: rfc822; {recipient}\n" if recipient else ""
    text = dedent("""\
        Return-Path: <>
        Date: {date}
        From: MAILER-DAEMON@mail.example.com (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: {to}
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
        \tboundary="F068F272526.1773155400/mail.example.com"

        This is a MIME-encapsulated message.

        --F068F272526.1773155400/mail.example.com
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        I'm sorry to have to inform you that your message could not be delivered.

        --F068F272526.1773155400/mail.example.com
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mail.example.com
        {whole}X-Postfix-Queue-ID: F068F272526
        Arrival-Date: Tue, 10 Mar 2026 15:09:58 +0000 (UTC)

        {per_recipient}Action: {action}
        Status: {status}
        Remote-MTA: dns; mx.example.com
        Diagnostic-Code: smtp; 550 5.1.1 <person1@example.com>: Recipient address
            rejected: no such user
        {fields}
        --F068F272526.1773155400/mail.example.com
        Content-Description: Undelivered Message Headers
        Content-Type: text/rfc822-headers

        {returned}From: Northside Studio <hello@northside.example.com>
        To: Person1 <person1@example.com>
        Subject: Hello Person1
        Message-ID: <{message_id}>

        --F068F272526.1773155400/mail.example.com--
        """)
    filled = text.format(
        to=to, date=date, whole=whole, per_recipient=per_recipient, action=action, status=status,
        fields=fields, returned=returned, message_id=message_id,
    )  # fmt: skip
    return filled.encode().replace(b"\n", b"\r\n")


def complaint(
    *,
    kind: str = "abuse",
    mail_from: str = "",
    recipient: str = "",
    message_id: str = "unrelated@elsewhere.example",
) -> bytes:
    """A report as a mailbox provider's feedback loop writes it (RFC 5965 §B.2)."""
    own = f"Original-Mail-From: <{mail_from}>\n" if mail_from else ""
    own += f"Original-Rcpt-To: <{recipient}>\n" if recipient else ""
    text = dedent("""\
        From: <abusedesk@example.com>
        Date: Tue, 10 Mar 2026 16:12:30 +0000
        Subject: FW: Earn money
        To: <fbl@northside.example.com>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report;
             boundary="part1_13d.2e68ed54_boundary"

        --part1_13d.2e68ed54_boundary
        Content-Type: text/plain; charset="US-ASCII"
        Content-Transfer-Encoding: 7bit

        This is an email abuse report for an email message.

        --part1_13d.2e68ed54_boundary
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: SomeGenerator/1.0
        Version: 1
        {own}Arrival-Date: Tue, 10 Mar 2026 16:00:00 +0000
        --part1_13d.2e68ed54_boundary
        Content-Type: message/rfc822
        Content-Disposition: inline

        From: <hello@northside.example.com>
        Subject: Hello
        Message-ID: <{message_id}>
        Date: Tue, 10 Mar 2026 15:31:03 +0000

        Hello!
        --part1_13d.2e68ed54_boundary--
        """)
    return text.format(kind=kind, own=own, message_id=message_id).encode()
