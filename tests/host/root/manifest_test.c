/*
 * The manifest reader: a table of manifests and exactly what is said about each, then the fields of
 * good ones, then the ISO's own manifest, whole, cut and damaged.
 *
 * Modules that do not begin with "no" exist.
 */
#include "test.h"
#include "manifest.h"

#include <stdlib.h>

static const struct {
    const char *name, *text;
    const char *said; /* "line:column: reason\n" each */
} cases[] = {
    /* ---- good */
    {"manifest/empty", "", ""},
    {"manifest/blank-lines", "\n \t\n\r\n", ""},
    {"manifest/comments", "# one\n  # two \\\ntask a program=p # three x=1\n#", ""},
    {"manifest/no-final-newline", "task a program=p", ""},
    {"manifest/crlf", "task a program=p\r\ntask b program=p\r\n", ""},
    {"manifest/continuation", "task a \\\n program=p \\  \n  priority=3\n", ""},
    {"manifest/continuation-at-end", "task a program=p \\", ""},
    {"manifest/quotes", "task a program=\"p\" args=\"x \\\"y\\\" # \\\\ z\"\n", ""},
    {"manifest/hex", "task a program=p priority=0x10 ports=0x3f8+0x8\n", ""},
    {"manifest/flags", "task a program=p driver=no admin=yes framebuffer\n", ""},
    {"manifest/channel",
     "task s program=p channels=con\ntask a program=p channel=con:0,con:7\nlog con:62\n", ""},
    {"manifest/pane", "task s program=p channels=console\ntask a program=p pane=16\n", ""},
    {"manifest/client-before-server", "task a program=p use=s\ntask b program=p serve=s\n", ""},
    {"manifest/same-name-two-kinds", "task a program=p serve=x channels=x\n", ""},
    {"manifest/neighbouring-ports", "task a program=p ports=0x60+1,0x61+1\n", ""},
    {"manifest/last-port", "task a program=p ports=0xffff+1,0+1\n", ""},
    {"manifest/chord-itself", "task a program=p chord=a\n", ""},
    {"manifest/longest-name", "task abcdefghijklmnopqrstuvw program=p\n", ""},

    /* ---- lines and words */
    {"manifest/directive", "guess g\n", "1:1: unknown directive 'guess'\n"},
    {"manifest/directive-indented", "\n   tsk a program=p\n", "2:4: unknown directive 'tsk'\n"},
    {"manifest/directive-value", "task=a program=p\n", "1:1: unknown directive 'task'\n"},
    {"manifest/directive-skips-line", "foo a \\\n bar=1\ntask a program=p x=1\n",
     "1:1: unknown directive 'foo'\n3:18: unknown key 'x'\n"},
    {"manifest/no-key", "task a =p\n", "1:8: a key is missing before '='\n"},
    {"manifest/open-quote", "task a program=p args=\"abc\ntask b\n",
     "1:23: this quote is never closed\n2:6: task 'b' needs program=MODULE\n"},
    {"manifest/open-quote-at-end", "task a program=p args=\"",
     "1:23: this quote is never closed\n"},
    {"manifest/behind-quote", "task a program=\"p\"x\n",
     "1:19: a blank must follow the closing quote\n"},
    {"manifest/quote-inside", "task a program=p\"q\"\n",
     "1:17: a quote may only open a value, after '='\n"},
    {"manifest/control-character", "task a program=p\001\n",
     "1:17: only printable ASCII may stand outside quotes\n"},
    {"manifest/not-ascii", "t\303\244sk a\n",
     "1:2: only printable ASCII may stand outside quotes\n"},
    {"manifest/column-of-continued", "task a program=p \\\n  wrong\n",
     "2:3: unknown key 'wrong'\n"},
    {"manifest/tab-is-one-column", "task\ta\tprogram=p\twrong\n", "1:18: unknown key 'wrong'\n"},

    /* ---- task names */
    {"manifest/no-name", "task\n", "1:1: task needs a name\n"},
    {"manifest/no-name-at-end", "task", "1:1: task needs a name\n"},
    {"manifest/name-missing", "task program=p\n",
     "1:6: the task's name must come before its keys\n"},
    {"manifest/bad-name", "task a/b program=p\n",
     "1:6: 'a/b' is no name: 1 to 23 of A-Z a-z 0-9 _ - .\n"},
    {"manifest/long-name", "task abcdefghijklmnopqrstuvwx program=p\n",
     "1:6: 'abcdefghijklmnopqrstuvwx' is no name: 1 to 23 of A-Z a-z 0-9 _ - .\n"},
    {"manifest/duplicate", "task a program=p\ntask a program=q\n",
     "2:6: there is already a task 'a' in line 1\n"},
    {"manifest/no-program", "task a\n", "1:6: task 'a' needs program=MODULE\n"},
    {"manifest/two-programs", "task a program=p,q\n", "1:18: program= takes at most 1\n"},

    /* ---- keys and values */
    {"manifest/unknown-key", "task a program=p prioriti=3\n", "1:18: unknown key 'prioriti'\n"},
    {"manifest/key-twice", "task a program=p driver driver\n", "1:25: driver is given twice\n"},
    {"manifest/key-without-value", "task a program=p memory\n",
     "1:18: memory needs a value: memory=...\n"},
    {"manifest/empty-value", "task a program=\n", "1:16: a name is missing here\n"},
    {"manifest/flag-value", "task a program=p driver=maybe\n",
     "1:25: driver is a flag: write it alone, or =yes or =no\n"},
    {"manifest/all-mistakes-of-a-line", "task a program=p x memory=1 y=2 irq=16\n",
     "1:18: unknown key 'x'\n1:27: 1 is not within 128K to 1073741824K\n1:29: unknown key 'y'\n"
     "1:37: 16 is not within 0 to 15\n"},
    {"manifest/priority-word", "task a program=p priority=high\n", "1:27: 'high' is no number\n"},
    {"manifest/priority-31", "task a program=p priority=31\n", "1:27: 31 is not within 0 to 30\n"},
    {"manifest/priority-negative", "task a program=p priority=-1\n", "1:27: '-1' is no number\n"},
    {"manifest/number-overflows", "task a program=p priority=18446744073709551616\n",
     "1:27: '18446744073709551616' is no number\n"},
    {"manifest/number-tail", "task a program=p priority=7x\n", "1:27: '7x' is no number\n"},
    {"manifest/hex-empty", "task a program=p priority=0x\n", "1:27: '0x' is no number\n"},
    {"manifest/size-unit", "task a program=p memory=1T\n",
     "1:25: '1T' is no size: a number with K, M or G\n"},
    {"manifest/size-word", "task a program=p memory=much\n",
     "1:25: 'much' is no size: a number with K, M or G\n"},
    {"manifest/size-too-large", "task a program=p memory=2000G\n",
     "1:25: 2000G is not within 128K to 1073741824K\n"},
    {"manifest/size-overflows", "task a program=p memory=18446744073709551615G\n",
     "1:25: 18446744073709551615G is not within 128K to 1073741824K\n"},
    {"manifest/size-not-pages", "task a program=p memory=129K\n",
     "1:25: 129K is no multiple of 4K\n"},
    {"manifest/quota-small", "task a program=p quota=60K\n",
     "1:24: 60K is not within 64K to 67108864K\n"},
    {"manifest/capacity-power", "task a program=p capacity=12K\n",
     "1:27: 12K is no power of two\n"},
    {"manifest/budget-form", "task a program=p budget=2ms\n",
     "1:25: '2ms' is no budget: write it like 2ms/10ms\n"},
    {"manifest/budget-unit", "task a program=p budget=2/10\n",
     "1:25: '2/10' is no budget: write it like 2ms/10ms\n"},
    {"manifest/budget-over-period", "task a program=p budget=11ms/10ms\n",
     "1:25: a budget is at least 10us, at most its period, and that at most 10s\n"},
    {"manifest/budget-overflows", "task a program=p budget=1ms/18446744073709551615s\n",
     "1:25: '1ms/18446744073709551615s' is no budget: write it like 2ms/10ms\n"},
    {"manifest/irq-16", "task a program=p irq=1,16\n", "1:24: 16 is not within 0 to 15\n"},
    {"manifest/irq-empty", "task a program=p irq=1,,2\n", "1:24: '' is no number\n"},
    {"manifest/ports-form", "task a program=p ports=0x3f8\n",
     "1:24: '0x3f8' is no range: write it like 0x3f8+8\n"},
    {"manifest/ports-none", "task a program=p ports=0x3f8+0\n",
     "1:24: ports go from 0 to 0xffff\n"},
    {"manifest/ports-beyond", "task a program=p ports=0xffff+2\n",
     "1:24: ports go from 0 to 0xffff\n"},
    {"manifest/ports-second", "task a program=p ports=0x60+1,0x64\n",
     "1:31: '0x64' is no range: write it like 0x3f8+8\n"},
    {"manifest/list-quoted-column", "task a program=p irq=\"1,x\"\n", "1:25: 'x' is no number\n"},
    {"manifest/list-too-long", "task a program=p irq=1,2,3,4,5,6,7,8,9\n",
     "1:38: irq= takes at most 8\n"},
    {"manifest/list-twice", "task a program=p serve=x,x\n", "1:26: 'x' is named twice\n"},
    {"manifest/channel-form", "task a program=p channel=con\n",
     "1:26: 'con' is no channel: write it like console:0\n"},
    {"manifest/channel-index", "task a program=p channel=con:63\n",
     "1:30: 63 is not within 0 to 62\n"},
    {"manifest/channel-name", "task a program=p channel=:3\n", "1:26: a name is missing here\n"},
    {"manifest/pane-0", "task a program=p pane=0\n", "1:23: 0 is not within 1 to 16\n"},
    {"manifest/pane-17", "task a program=p pane=17\n", "1:23: 17 is not within 1 to 16\n"},
    {"manifest/log-operand", "log\n", "1:1: log needs SERVICE:INDEX\n"},
    {"manifest/log-form", "log con\n", "1:5: 'con' is no channel: write it like console:0\n"},
    {"manifest/log-key", "log con=3\n", "1:5: log takes SERVICE:INDEX and no key\n"},
    {"manifest/log-two-operands", "task a program=p channels=c\nlog c:1 c:2\n",
     "2:9: log takes one operand\n"},
    {"manifest/log-twice", "task a program=p channels=c\nlog c:1\nlog c:2\n",
     "3:1: log is given twice\n"},

    /* ---- guests */
    {"manifest/guest", "guest g isa=arm\n", ""},
    {"manifest/guest-all-keys",
     "task c program=p channels=console\n"
     "guest g isa=arm board=virt memory=0x10000000 kernel=k initrd=i bios=b dtb=d disk=d1,d2 "
     "append=\"a=b \\\"c\\\"\" pane=1 cpu=max,-x backend=interp cache=1M windows=3 block-limit=9 "
     "icount=yes stats dump=abc random=7 priority=3 budget=1ms/2ms quota=1M overhead=8M "
     "capacity=4K program=p\n",
     ""},
    {"manifest/guest-no-name", "guest\n", "1:1: guest needs a name\n"},
    {"manifest/guest-name-missing", "guest isa=arm\n",
     "1:7: the guest's name must come before its keys\n"},
    {"manifest/guest-no-isa", "guest g board=virt\n", "1:7: guest 'g' needs isa=NAME\n"},
    {"manifest/guest-empty-isa", "guest g isa=\n", "1:13: a name is missing here\n"},
    {"manifest/guest-isa-unknown-here", "guest g isa=nonsense board=\"?\"\n", ""},
    {"manifest/guest-same-name", "task g program=p\nguest g isa=arm\n",
     "2:7: there is already a task 'g' in line 1\n"},
    {"manifest/guest-takes-no-grants", "guest g isa=arm ports=1+1 admin use=x module=m\n",
     "1:17: a guest takes no ports\n1:27: a guest takes no admin\n1:33: a guest takes no use\n"
     "1:39: a guest takes no module\n"},
    {"manifest/guest-unknown-key", "guest g isa=arm colour=red\n", "1:17: unknown key 'colour'\n"},
    {"manifest/task-takes-no-guest-key", "task a program=p isa=arm\n",
     "1:18: only a guest takes isa\n"},
    {"manifest/guest-key-twice", "guest g isa=arm isa=arm\n", "1:17: isa is given twice\n"},
    {"manifest/guest-memory-odd", "guest g isa=arm memory=257M\n",
     "1:24: 257M is no multiple of 2M\n"},
    {"manifest/guest-memory-large", "guest g isa=arm memory=5G\n",
     "1:24: 5G is not within 2048K to 4194304K\n"},
    {"manifest/guest-overhead", "guest g isa=arm overhead=1M\n",
     "1:26: 1M is not within 2048K to 4194304K\n"},
    {"manifest/guest-cache", "guest g isa=arm cache=much\n",
     "1:23: 'much' is no size: a number with K, M or G\n"},
    {"manifest/guest-windows", "guest g isa=arm windows=65\n", "1:25: 65 is not within 1 to 64\n"},
    {"manifest/guest-icount", "guest g isa=arm icount=maybe\n",
     "1:24: icount is a flag: write it alone, or =yes or =no\n"},
    {"manifest/guest-kernel-missing", "guest g isa=arm kernel=none\n",
     "1:24: there is no module 'none'\n"},
    {"manifest/guest-two-kernels", "guest g isa=arm kernel=a,b\n",
     "1:26: kernel= takes at most 1\n"},
    {"manifest/guest-one-image-twice", "guest g isa=arm kernel=a initrd=a\n", ""},
    {"manifest/guest-too-many-modules",
     "guest g isa=arm kernel=a initrd=b bios=c dtb=d disk=e,f,g,h\n", ""},
    {"manifest/guest-pane-taken",
     "task c program=p channels=console\nguest g isa=arm pane=1\nguest h isa=arm pane=1\n",
     "3:22: channel console:0 already belongs to task 'g' in line 2\n"},
    {"manifest/guest-no-program", "guest g isa=arm program=none\n",
     "1:25: there is no module 'none'\n"},

    /* ---- one task against another */
    {"manifest/missing-program", "task a program=none\n", "1:16: there is no module 'none'\n"},
    {"manifest/missing-module", "task a program=p module=font,nofont\n",
     "1:30: there is no module 'nofont'\n"},
    {"manifest/unknown-service", "task a program=p use=clock\n", "1:22: no task has serve=clock\n"},
    {"manifest/own-service", "task a program=p serve=s use=s\n",
     "1:30: task 'a' cannot use its own service 's'\n"},
    {"manifest/served-twice", "task a program=p serve=s\ntask b program=p serve=s\n",
     "2:24: 's' is already served by task 'a' in line 1\n"},
    {"manifest/channels-twice", "task a program=p channels=s\ntask b program=p channels=s\n",
     "2:27: 's' is already served by task 'a' in line 1\n"},
    {"manifest/unknown-channels", "task a program=p channel=con:1\n",
     "1:26: no task has channels=con\n"},
    {"manifest/log-unknown", "log con:1\n", "1:5: no task has channels=con\n"},
    {"manifest/own-channel", "task a program=p channels=c channel=c:1\n",
     "1:37: task 'a' cannot be a client of its own channels 'c'\n"},
    {"manifest/channel-taken",
     "task s program=p channels=console\ntask a program=p pane=1\n"
     "task b program=p channel=console:0\n",
     "3:26: channel console:0 already belongs to task 'a' in line 2\n"},
    {"manifest/channel-twice-in-task",
     "task s program=p channels=c\ntask a program=p channel=c:1,c:1\n",
     "2:30: channel c:1 already belongs to task 'a' in line 2\n"},
    {"manifest/log-taken", "task s program=p channels=c\ntask a program=p channel=c:1\nlog c:1\n",
     "3:5: channel c:1 already belongs to task 'a' in line 2\n"},
    {"manifest/irq-taken", "task a program=p irq=4\ntask b program=p irq=3,4\n",
     "2:24: irq 4 already belongs to task 'a' in line 1\n"},
    {"manifest/irq-twice-in-task", "task a program=p irq=4,4\n",
     "1:24: irq 4 already belongs to task 'a' in line 1\n"},
    {"manifest/ports-overlap", "task a program=p ports=0x60+5\ntask b program=p ports=0x64+1\n",
     "2:24: ports 0x64+1 overlap 0x60+5 of task 'a' in line 1\n"},
    {"manifest/chord-unknown", "task a program=p chord=b\n",
     "1:24: there is no task 'b' to restart\n"},
    {"manifest/skipped-holds-nothing",
     "task a program=p irq=4 ports=0x3f8+8 serve=s wrong\n"
     "task b program=p irq=4 ports=0x3f8+8 serve=s\n",
     "1:46: unknown key 'wrong'\n"},
    {"manifest/skipped-server-is-known", "task a program=p serve=s wrong\ntask b program=p use=s\n",
     "1:26: unknown key 'wrong'\n"},
    {"manifest/too-many-grants",
     "task s program=p channels=c irq=1,2,3,4,5,6,7,8 ports=1+1,3+1,5+1,7+1,9+1,11+1,13+1,15+1 "
     "serve=a,b,c,d,e,f,g,h module=a,b,c,d,e,f,g,h\n"
     "task a program=p channel=c:0,c:1,c:2,c:3,c:4,c:5,c:6,c:7\nlog c:8\n",
     "1:6: task 's' would get 41 grants, at most 40 fit\n"},
};

static char said[65536];
static size_t said_length;
static uint32_t lines; /* of the text being read */
static bool place_bad;

static void note(void *context, struct place at, const char *reason)
{
    (void)context;
    if (at.line == 0 || at.column == 0 || at.line > lines)
        place_bad = true;
    int n = snprintf(said + said_length, sizeof said - said_length, "%u:%u: %s\n", at.line,
                     at.column, reason);
    said_length += (size_t)n;
    if (said_length > sizeof said - 400)
        said_length = 0; /* only damaged texts say so much, and there nobody looks */
}

static bool exists(void *context, const char *name)
{
    (void)context;
    return strncmp(name, "no", 2) != 0;
}

/* Both passes; the text is copied to exactly its length so that reading on is noticed. */
static struct manifest *read_text(const char *text, size_t length, unsigned *mistakes)
{
    static struct manifest m;
    char *copy = malloc(length ? length : 1);
    memcpy(copy, text, length);
    lines = 1;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    said_length = 0;
    said[0] = 0;
    *mistakes = manifest_parse(&m, copy, length, note, NULL);
    *mistakes += manifest_check(&m, exists, note, NULL);
    free(copy);
    return &m;
}

static void case_tests(void)
{
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned mistakes, wanted = 0;
        for (const char *p = cases[i].said; *p; p++)
            wanted += *p == '\n';
        read_text(cases[i].text, strlen(cases[i].text), &mistakes);
        result(cases[i].name, strcmp(said, cases[i].said) == 0 && mistakes == wanted,
               "%u mistakes: %s", mistakes, said);
    }
}

static void field_tests(void)
{
    static const char text[] =
        "task con program=consoled driver priority=20 budget=2ms/10ms memory=8M quota=1M state=64K "
        "channels=console module=font framebuffer serve=a,b\n"
        "task k program=key irq=1,12 ports=0x60+1,0x64+1 channel=console:32 pane=3 chord=con,k "
        "use=a admin capacity=16K args=\"one \\\"two\\\" three\"\n"
        "log console:34\n";
    unsigned mistakes;
    struct manifest *m = read_text(text, sizeof text - 1, &mistakes);
    const struct manifest_task *c = &m->task[0], *k = &m->task[1];
    result("manifest/fields-read", mistakes == 0 && m->count == 2, "%s", said);
    result("manifest/field-names",
           strcmp(c->name, "con") == 0 && strcmp(c->program.item[0].text, "consoled") == 0 &&
               c->serve.count == 2 && strcmp(c->serve.item[1].text, "b") == 0 &&
               strcmp(c->modules.item[0].text, "font") == 0 && k->chords.count == 2 &&
               strcmp(k->chords.item[1].text, "k") == 0,
           "wrong");
    result("manifest/field-numbers",
           c->priority == 20 && c->budget_ns == 2000000 && c->period_ns == 10000000 &&
               c->memory == 8 << 20 && c->quota == 1 << 20 && c->state == 64 << 10 &&
               k->capacity == 16 << 10,
           "wrong");
    result("manifest/field-defaults",
           k->priority == 8 && k->budget_ns == 0 && k->memory == 1 << 20 && k->quota == 256 << 10 &&
               k->state == 0 && c->capacity == 8 << 10,
           "wrong");
    result("manifest/field-flags",
           c->driver && c->framebuffer && !c->admin && !k->driver && k->admin && !k->framebuffer,
           "wrong");
    result("manifest/field-ranges",
           k->irq.count == 2 && k->irq.item[1].first == 12 && k->ports.count == 2 &&
               k->ports.item[1].first == 0x64 && k->ports.item[1].count == 1,
           "wrong");
    result("manifest/field-channels",
           k->channels.count == 2 && k->channels.item[0].index == 32 &&
               k->channels.item[1].index == 2 &&
               strcmp(k->channels.item[1].service, "console") == 0 && m->has_log &&
               m->log.index == 34,
           "wrong");
    result("manifest/field-args", strcmp(k->args, "one \"two\" three") == 0, "%s", k->args);
    result("manifest/field-grants", manifest_grants(m, c) == 2 + 1 + 1 + 1 + 3, "%u",
           manifest_grants(m, c));
    result("manifest/finds",
           manifest_find(m, "k") == k && !manifest_find(m, "x") && manifest_server(m, "b") == c &&
               manifest_channel_server(m, "console") == c && !manifest_server(m, "console"),
           "wrong");
}

static void guest_tests(void)
{
    static const char text[] =
        "task con program=p channels=console\n"
        "task clk program=p serve=clock\n"
        "guest plain isa=arm\n"
        "guest full board=virt isa=arm memory=64M overhead=10M kernel=k initrd=i disk=i,d "
        "append=\"a=\\\"b\\\" c\\\\\" dump=\"\" stats icount=no pane=2 quota=2M priority=3\n";
    unsigned mistakes;
    struct manifest *m = read_text(text, sizeof text - 1, &mistakes);
    const struct manifest_task *p = &m->task[2], *f = &m->task[3];
    result("manifest/guests-read", mistakes == 0 && m->count == 4, "%s", said);
    result("manifest/guest-defaults",
           p->guest && strcmp(p->program.item[0].text, "vm") == 0 && p->quota == 32 << 20 &&
               p->memory == p->guest_memory + p->overhead && p->guest_memory == 256 << 20 &&
               p->overhead == 96 << 20 && p->modules.count == 0 && p->channels.count == 0 &&
               p->priority == 7 && !p->driver && !p->admin,
           "wrong");
    result("manifest/guest-default-args", strcmp(p->args, "isa=arm memory=256M") == 0, "%s",
           p->args);
    result("manifest/guest-clock", p->use.count == 1 && manifest_grants(m, p) == 1, "%u grants",
           manifest_grants(m, p));
    result("manifest/guest-fields",
           f->memory == 74 << 20 && f->quota == 2 << 20 && f->priority == 3 &&
               strcmp(f->isa, "arm") == 0 && f->channels.count == 1 &&
               f->channels.item[0].index == 1,
           "wrong");
    result("manifest/guest-modules",
           f->modules.count == 3 && strcmp(f->modules.item[2].text, "d") == 0, "%u",
           f->modules.count);
    result("manifest/guest-args",
           strcmp(f->args, "board=virt isa=arm memory=64M kernel=k initrd=i disk=i,d "
                           "append=\"a=\\\"b\\\" c\\\\\" dump=\"\" stats=yes icount=no") == 0,
           "%s", f->args);
    m = read_text("guest g isa=arm\n", 16, &mistakes);
    result("manifest/guest-without-clock",
           mistakes == 0 && !m->task[0].skipped && m->task[0].use.count == 0, "%s", said);
}

static void limit_tests(void)
{
    static char text[MANIFEST_TASKS * 40 + 400];
    unsigned mistakes;
    size_t n = 0;
    for (unsigned i = 0; i <= MANIFEST_TASKS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "task t%u program=p\n", i);
    struct manifest *m = read_text(text, n, &mistakes);
    result("manifest/too-many-tasks",
           mistakes == 1 && m->count == MANIFEST_TASKS && strcmp(m->task[0].name, "t0") == 0 &&
               strcmp(said, "49:6: more than 48 tasks\n") == 0,
           "%s", said);

    memset(text, 'x', 800);
    memcpy(text, "task a program=p ", 17);
    read_text(text, 800, &mistakes);
    result("manifest/long-word",
           mistakes == 1 && strcmp(said, "1:18: this word is too long\n") == 0, "%s", said);
    n = (size_t)snprintf(text, sizeof text, "task a program=p args=\"%0511d\"\n", 0);
    m = read_text(text, n, &mistakes);
    result("manifest/longest-args", mistakes == 0 && strlen(m->task[0].args) == 511, "%s", said);
    n = (size_t)snprintf(text, sizeof text, "task a program=p args=\"%0512d\"\n", 0);
    read_text(text, n, &mistakes);
    result("manifest/long-args",
           mistakes == 1 && strcmp(said, "1:23: args= takes at most 511 bytes\n") == 0, "%s", said);

    /* isa=x append=... and memory=256M behind it, together 511 bytes */
    n = (size_t)snprintf(text, sizeof text, "guest a isa=x append=%0486d\n", 0);
    m = read_text(text, n, &mistakes);
    result("manifest/guest-longest-args", mistakes == 0 && strlen(m->task[0].args) == 511, "%zu %s",
           strlen(m->task[0].args), said);
    n = (size_t)snprintf(text, sizeof text, "guest a isa=x append=%0487d\n", 0);
    read_text(text, n, &mistakes);
    result("manifest/guest-long-args",
           mistakes == 1 &&
               strcmp(said,
                      "1:7: what is told to the guest's program is longer than 511 bytes\n") == 0,
           "%s", said);

    m = read_text("task a program=p wrong\ntask b program=p\n", 40, &mistakes);
    result("manifest/rest-starts", m->count == 2 && m->task[0].skipped && !m->task[1].skipped,
           "skipped: %d %d", m->task[0].skipped, m->task[1].skipped);
    m = read_text("task a program=p\0\n", 18, &mistakes);
    result("manifest/nul-byte",
           mistakes == 1 &&
               strcmp(said, "1:17: only printable ASCII may stand outside quotes\n") == 0,
           "%s", said);
}

/* The manifest of the ISO. */
extern const char iso_manifest[], iso_manifest_end[];
__asm__(".section .rodata\n.global iso_manifest, iso_manifest_end\n"
        "iso_manifest: .incbin \"boot/manifest\"\niso_manifest_end: .byte 0\n.previous");

/* What is not skipped must be safe to start: the checks of the second pass, by other means. */
static const char *unsafe(const struct manifest *m)
{
    static uint8_t port[0x10000 + 8];
    bool irq[16] = {0};
    memset(port, 0, sizeof port);
    for (unsigned i = 0; i < m->count; i++) {
        const struct manifest_task *t = &m->task[i];
        if (t->skipped)
            continue;
        if (t->program.count != 1 || t->name[0] == 0 || t->memory % 4096 || t->quota % 4096 ||
            t->priority > 30 || manifest_grants(m, t) > MANIFEST_GRANTS)
            return "a bad task is not skipped";
        for (unsigned j = 0; j < t->irq.count; j++) {
            if (t->irq.item[j].first > 15 || irq[t->irq.item[j].first])
                return "an irq is granted twice";
            irq[t->irq.item[j].first] = true;
        }
        for (unsigned j = 0; j < t->ports.count; j++)
            for (unsigned p = 0; p < t->ports.item[j].count; p++)
                if (t->ports.item[j].first + p > 0xffff || port[t->ports.item[j].first + p]++)
                    return "a port is granted twice";
    }
    return NULL;
}

static void iso_tests(void)
{
    size_t length = (size_t)(iso_manifest_end - iso_manifest);
    unsigned mistakes;
    const char *why = NULL;
    struct manifest *m = read_text(iso_manifest, length, &mistakes);
    result("manifest/iso-has-no-mistake", mistakes == 0 && m->count == 8 && m->has_log, "%s", said);
    result("manifest/iso-drivers",
           m->task[0].driver && m->task[1].driver && m->task[2].driver && m->task[3].driver &&
               !m->task[4].driver && m->task[4].admin && !m->task[5].admin,
           "wrong");
    for (size_t n = 0; n <= length && !why; n++)
        why = unsafe(read_text(iso_manifest, n, &mistakes));
    result("manifest/iso-cut-anywhere", !why && !place_bad, "%s", why ? why : "a bad place");

    static const char pieces[] = " \n\\\"#=,:+/09azKM\001\377";
    char *text = malloc(length);
    unsigned clean = 0;
    for (unsigned i = 0; i < 30000 && !why; i++) {
        memcpy(text, iso_manifest, length);
        for (uint64_t n = 1 + random_next() % 4; n; n--)
            text[random_next() % length] = pieces[random_next() % (sizeof pieces - 1)];
        why = unsafe(read_text(text, length, &mistakes));
        clean += mistakes == 0;
    }
    free(text);
    result("manifest/iso-damaged", !why && !place_bad && clean > 100 && clean < 29000,
           "%s, %u clean", why ? why : "a bad place", clean);
}

void manifest_tests(void)
{
    case_tests();
    field_tests();
    guest_tests();
    limit_tests();
    iso_tests();
}
