"""Projects written in Arabic, Japanese and Hindi, as plain data."""

from __future__ import annotations

from typing import Any


def arabic_data() -> dict[str, Any]:
    """A project in Arabic, with Latin names, numbers and addresses inside the text."""
    return {
        "schema_version": 1,
        "id": "dar-al-qahwa",
        "name": "خطة إطلاق المتجر الإلكتروني",
        "timezone": "Asia/Dubai",
        "language": "ar",
        "starts_on": "2026-03-01",
        "ends_on": "2026-04-30",
        "brand": {
            "name": "دار القهوة",
            "industry": "الأغذية والمشروبات",
            "offer": "قهوة مختصة محمصة في اليوم نفسه، تصل خلال 24 ساعة",
            "location": "دبي، الإمارات العربية المتحدة",
            "voice": ["ودود", "خبير", "صادق"],
            "position": "المحمصة الوحيدة في المدينة التي تكتب تاريخ التحميص على كل كيس.",
            "website": "https://dar-al-qahwa.example.com",
            "colours": {"primary": "#5b2e1f", "accent": "#c8902f"},
            "footer": "سري",
            "agency": {"name": "Harbour & Finch", "show": True},
        },
        "objectives": [
            {
                "statement": "الوصول إلى 1,200 مشترك في القهوة الشهرية",
                "horizon_days": 60,
                "targets": [
                    {"metric": "المشتركون", "baseline": 300, "target": 1200, "unit": "مشترك"},
                    {"metric": "تكلفة الاشتراك", "change": -15, "baseline": 40, "unit": "AED"},
                ],
            }
        ],
        "market": {
            "primary": "محبو القهوة في المنازل، من 25 إلى 45 عامًا",
            "secondary": "المكاتب الصغيرة",
            "needs": ["قهوة طازجة بلا عناء", "معرفة المصدر"],
            "barriers": ["السعر", "تأخر التوصيل"],
            "facts": [
                {
                    "fact": "من يشربون القهوة يوميًا",
                    "value": 72,
                    "unit": "%",
                    "source": "دراسة 2025",
                },
                {"fact": "المقاهي المختصة في المدينة", "value": 180, "unit": "مقهى"},
            ],
        },
        "strategy": {
            "summary": "نحكي قصة كل محصول، ونجعل التجربة الأولى سهلة، ثم نحافظ على المشتركين.",
            "big_idea": "من المزرعة إلى فنجانك في 24 ساعة",
            "message": {"core": "قهوة اليوم، لا قهوة الأمس", "proof": ["تاريخ التحميص على الكيس"]},
            "pillars": [
                {"name": "الطزاجة", "idea": "تحميص يومي وتوصيل سريع"},
                {"name": "المصدر", "idea": "قصة المزرعة والمزارع", "detail": "صور من Yirgacheffe."},
                {"name": "الطقوس", "idea": "وصفات التحضير في المنزل"},
            ],
        },
        "personas": [
            {
                "name": "سارة، مديرة مشاريع",
                "role": "34 عامًا",
                "wants": "فنجان ممتاز قبل العمل دون الذهاب إلى المقهى.",
                "objection": "الاشتراك قد يصبح التزامًا لا أريده.",
                "channels": ["instagram", "email"],
            }
        ],
        "offers": [
            {
                "name": "اشتراك البداية",
                "price": 79,
                "currency": "AED",
                "per": "شهر",
                "limit": "أول 500",
            }
        ],
        "channels": [
            {
                "channel": "email",
                "role": "يحوّل المهتمين إلى مشتركين",
                "cadence": "مرتان في الشهر",
                "kill_criterion": "أقل من 15% فتح لأربعة أسابيع",
            },
            {"channel": "instagram", "role": "يعرّف بالعلامة", "cadence": "أسبوعيًا"},
        ],
        "phases": [
            {
                "name": "التعريف",
                "starts_on": "2026-03-01",
                "ends_on": "2026-03-31",
                "tactics": ["فعالية الافتتاح", "شراكة مع خمسة مقاهٍ"],
            },
            {"name": "التحويل", "starts_on": "2026-04-01", "ends_on": "2026-04-30"},
        ],
        "themes": [{"slot": "الأسبوع 1", "theme": "الافتتاح", "messages": ["طازجة اليوم"]}],
        "journeys": [{"name": "الترحيب", "trigger": "أول طلب", "steps": ["شكر", "وصفة", "اشتراك"]}],
        "kpis": [
            {"name": "معدل الفتح", "baseline": 22, "target": 35, "unit": "%", "source": "البريد"},
            {"name": "الطلبات", "target": 900, "unit": "طلب في الشهر"},
        ],
        "budget": {
            "currency": "AED",
            "total": 60000,
            "period": "60 يومًا",
            "lines": [
                {"name": "إعلانات", "amount": 30000},
                {"name": "محتوى", "amount": 20000, "note": "تصوير المزرعة"},
                {"name": "فعاليات", "amount": 10000},
            ],
        },
        "risks": ["تأخر الشحن في رمضان"],
        "open_questions": [{"question": "من يصوّر المحمصة؟", "needed_for": "Instagram"}],
        "audiences": [{"id": "all", "name": "كل المشتركين", "everyone": True}],
        "items": [
            {
                "id": "ar-em-1",
                "channel": "email",
                "title": "افتتاح المتجر",
                "send_at": "2026-03-03T09:00",
                "audience": "all",
                "pillar": "الطزاجة",
                "content": {
                    "subject": "قهوة اليوم بانتظارك ☕",
                    "preheader": "أول 500 مشترك",
                    "body": "مرحبًا {{ contact.first_name }}،\n\nافتتحنا **اليوم**.\n\n- طازجة\n- سريعة",
                    "cta": {"label": "اشترك", "url": "https://dar-al-qahwa.example.com/join"},
                },
            },
            {
                "id": "ar-ig-1",
                "channel": "instagram",
                "title": "قصة المزرعة",
                "send_at": "2026-04-07T18:30",
                "pillar": "المصدر",
                "content": {
                    "format": "reel",
                    "text": "من إثيوبيا إلى دبي. #قهوة #specialtycoffee",
                    "media": [{"brief": "ثلاثون ثانية من المزرعة"}],
                },
            },
        ],
    }


def japanese_data() -> dict[str, Any]:
    """A project in Japanese: no spaces between words, full-width marks."""
    return {
        "schema_version": 1,
        "id": "kawabe-chaya",
        "name": "春の会員獲得計画",
        "timezone": "Asia/Tokyo",
        "language": "ja",
        "starts_on": "2026-03-01",
        "ends_on": "2026-05-31",
        "brand": {
            "name": "川辺茶屋",
            "industry": "日本茶の製造と販売",
            "offer": "京都の小さな茶園から届く、毎月の定期便",
            "location": "京都市左京区",
            "voice": ["丁寧", "温かい", "簡潔"],
            "position": "茶園の名前をすべての袋に記す、ただ一つの定期便です。",
            "website": "https://kawabe.example.com",
            "colours": {"primary": "#1f4d3a", "accent": "#b5542b"},
            "typeface": "serif",
            "footer": "社外秘",
        },
        "objectives": [
            {
                "statement": "定期便の会員を八百人に増やす",
                "targets": [
                    {"metric": "会員数", "baseline": 320, "target": 800, "unit": "人"},
                    {"metric": "解約率", "baseline": 7.5, "target": 4, "unit": "%"},
                ],
            }
        ],
        "market": {
            "primary": "自宅で落ち着いた時間を過ごしたい三十代から五十代の方",
            "secondary": "海外の日本茶愛好家",
            "needs": ["選ぶ手間がないこと", "産地がわかること"],
            "barriers": ["淹れ方がわからない", "送料が高い"],
            "facts": [
                {"fact": "緑茶を毎日飲む世帯", "value": 41, "unit": "%", "source": "家計調査2025"},
                {"fact": "市内の日本茶専門店", "value": 120, "unit": "店"},
            ],
        },
        "strategy": {
            "summary": "茶園の物語で知ってもらい、最初の一杯を簡単にし、季節の楽しみで続けてもらう。",
            "big_idea": "一服で、旅をする。",
            "message": {
                "core": "淹れる三分が、一日を変える。",
                "proof": ["摘んだ日から十日以内に発送"],
            },
            "pillars": [
                {"name": "産地", "idea": "茶園と作り手の顔が見える"},
                {
                    "name": "手軽さ",
                    "idea": "三分で淹れられる",
                    "detail": "動画で淹れ方を案内します。",
                },
                {"name": "季節", "idea": "毎月変わる楽しみ"},
            ],
            "concepts": [
                {"name": "三分茶室", "cadence": "毎週", "content": "短い動画で一杯を淹れる。"}
            ],
        },
        "personas": [
            {
                "name": "在宅勤務の由美さん",
                "role": "編集者、四十二歳",
                "wants": "仕事の合間に気持ちを切り替える時間がほしい。",
                "objection": "飲みきれずに余らせてしまいそう。",
                "channels": ["instagram", "email"],
            }
        ],
        "segments": [{"name": "お試しのみ", "rule": "一回購入、定期便なし", "aim": "定期便へ"}],
        "offers": [
            {
                "name": "はじめての定期便",
                "price": 2480,
                "currency": "JPY",
                "per": "月",
                "limit": "先着300名",
            }
        ],
        "channels": [
            {
                "channel": "email",
                "role": "お試しの方を会員へ導く",
                "cadence": "月二回",
                "kill_criterion": "四週間続けて開封率が15%を下回る",
            },
            {"channel": "instagram", "role": "茶園の物語を届ける"},
        ],
        "phases": [
            {
                "name": "認知",
                "starts_on": "2026-03-01",
                "ends_on": "2026-03-31",
                "tactics": ["新茶の予約受付", "茶園からの生配信"],
            },
            {
                "name": "獲得",
                "starts_on": "2026-04-01",
                "ends_on": "2026-05-31",
                "tactics": ["初回半額"],
            },
        ],
        "work_plan": [{"when": "三月上旬", "tasks": ["撮影の準備", "配信設定の確認"]}],
        "kpis": [
            {"name": "開封率", "baseline": 24, "target": 36, "unit": "%", "source": "配信システム"},
            {"name": "新規会員", "target": 160, "unit": "人／月"},
        ],
        "budget": {
            "currency": "JPY",
            "total": 1200000,
            "period": "三か月",
            "lines": [
                {"name": "広告", "amount": 600000},
                {"name": "撮影と制作", "amount": 400000},
                {"name": "催事", "amount": 250000, "note": "四月の茶会"},
            ],
        },
        "risks": ["天候により新茶の収穫が遅れる"],
        "open_questions": [{"question": "撮影は誰が担当しますか？", "owner": "店長"}],
        "audiences": [{"id": "all", "name": "お試し購入者", "everyone": True}],
        "items": [
            {
                "id": "ja-em-1",
                "channel": "email",
                "title": "新茶のご予約が始まりました",
                "send_at": "2026-03-10T08:00",
                "audience": "all",
                "pillar": "季節",
                "content": {
                    "subject": "今年の新茶、ご予約を承ります🍵",
                    "body": "{{ contact.first_name }}様\n\n**今年も**新茶の季節です。\n\n1. 選ぶ\n2. 待つ",
                    "cta": {"label": "予約する", "url": "https://kawabe.example.com/shincha"},
                },
            },
            {
                "id": "ja-ig-1",
                "channel": "instagram",
                "title": "茶園の朝",
                "send_at": "2026-04-02T00:15",
                "pillar": "産地",
                "content": {
                    "format": "story",
                    "text": "朝五時、霧の茶園から。「おはようございます」",
                },
            },
        ],
    }


def hindi_data() -> dict[str, Any]:
    """A project in Hindi: conjuncts, and marks above and below the letters."""
    return {
        "schema_version": 1,
        "id": "surya-yoga",
        "name": "वसंत सदस्यता योजना",
        "timezone": "Asia/Kolkata",
        "language": "hi",
        "starts_on": "2026-03-02",
        "ends_on": "2026-04-30",
        "brand": {
            "name": "सूर्य योग केंद्र",
            "industry": "स्वास्थ्य और योग",
            "offer": "सुबह और शाम की पचास मिनट की योग कक्षाएँ",
            "location": "इंदौर, मध्य प्रदेश",
            "voice": ["स्नेहपूर्ण", "स्पष्ट"],
            "position": "शहर का एकमात्र केंद्र जहाँ हर शिक्षक प्रमाणित है।",
            "website": "https://surya.example.com",
            "colours": {"primary": "#7a1f3d", "accent": "#e08a1e"},
        },
        "objectives": [
            {
                "statement": "साठ दिनों में 250 सक्रिय सदस्य",
                "targets": [
                    {"metric": "सक्रिय सदस्य", "baseline": 110, "target": 250, "unit": "सदस्य"}
                ],
            }
        ],
        "market": {
            "primary": "व्यस्त पेशेवर जो काम से पहले योग करना चाहते हैं",
            "needs": ["समय की बचत", "विश्वसनीय शिक्षक"],
            "barriers": ["सुबह जल्दी उठना"],
            "facts": [{"fact": "योग में रुचि रखने वाले लोग", "value": 38, "unit": "%"}],
        },
        "strategy": {
            "summary": "स्थानीय पहचान बनाएँ, पहली कक्षा निःशुल्क दें और सदस्यों को जोड़े रखें।",
            "big_idea": "दिन की पहली साँस",
            "pillars": [
                {"name": "विश्वास", "idea": "प्रमाणित शिक्षक और छोटे समूह"},
                {"name": "सुविधा", "idea": "घर के पास, पचास मिनट में"},
            ],
        },
        "personas": [
            {
                "name": "अनुष्का, अभियंता",
                "role": "31 वर्ष",
                "wants": "काम से पहले शांत मन।",
                "objection": "समय नहीं मिलता।",
                "channels": ["email"],
            }
        ],
        "channels": [{"channel": "email", "role": "रुचि को सदस्यता में बदलता है"}],
        "phases": [
            {"name": "परिचय", "starts_on": "2026-03-02", "ends_on": "2026-03-31"},
            {"name": "सदस्यता", "starts_on": "2026-04-01", "ends_on": "2026-04-30"},
        ],
        "kpis": [
            {"name": "परीक्षण से सदस्य", "baseline": 20, "target": 35, "unit": "%", "source": "रजिस्टर"}
        ],
        "budget": {
            "currency": "INR",
            "total": 240000,
            "period": "60 दिन",
            "lines": [{"name": "विज्ञापन", "amount": 140000}, {"name": "आयोजन", "amount": 100000}],
        },
        "risks": ["परीक्षाओं के कारण कम उपस्थिति"],
        "audiences": [{"id": "all", "name": "सभी संपर्क", "everyone": True}],
        "items": [
            {
                "id": "hi-em-1",
                "channel": "email",
                "title": "पहली कक्षा निःशुल्क",
                "send_at": "2026-03-05T07:00",
                "audience": "all",
                "pillar": "विश्वास",
                "content": {
                    "subject": "आपकी पहली कक्षा हमारी ओर से",
                    "body": "नमस्ते {{ contact.first_name }},\n\nपहली कक्षा **निःशुल्क** है।",
                },
            },
            {
                "id": "hi-li-1",
                "channel": "linkedin",
                "title": "कार्यालयों के लिए योग",
                "send_at": "2026-04-09T10:30",
                "content": {"text": "आठ घंटे बैठने के बाद पचास मिनट अपने लिए। #योग"},
            },
        ],
    }
