#include "proxy/config/keys.h"

#include <array>
#include <limits>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using std::string_view;

constexpr Duration none_too_short{0};  // "0s" has a meaning
constexpr Duration shortest{1};        // a time-out of nothing would let nothing through
constexpr Range any_number{0, std::numeric_limits<int>::max()};
constexpr Range at_least_one{1, std::numeric_limits<int>::max()};

template <class T>
Items items(std::vector<T>& all, void (*describe_one)(KeyVisitor&, T&)) {
  return {all.size(), [&all](std::size_t size) { all.resize(size); },
          [&all, describe_one](KeyVisitor& v, std::size_t i) { describe_one(v, all[i]); }};
}

void listener(KeyVisitor& v, Settings::Listen& s) {
  static constexpr std::array tls{string_view("none"), string_view("implicit")};
  v.text({"address", "Address and port to listen on."}, s.address, Form::listener);
  v.word({"tls", "none: plain, with STARTTLS offered; implicit: TLS from the first byte, as on port 465."}, s.tls, tls);
  v.texts({"proxy_protocol_from",
           "Load balancers in front of this listener: their connections must begin with a PROXY "
           "protocol header, v1 or v2, and any other peer is closed without a reply."},
          s.proxy_protocol_from, Form::network);
  v.flag({"optional", "true: skipped with a warning where the host lacks the address family."}, s.optional);
}

void backend(KeyVisitor& v, Settings::Backend& s) {
  static constexpr std::array identities{string_view("none"), string_view("xclient"), string_view("proxy-v1"),
                                         string_view("proxy-v2")};
  static constexpr std::array tls{string_view("none"), string_view("opportunistic"), string_view("required"),
                                  string_view("verified")};
  v.texts({"addresses",
           "Where the MTA listens. Names are resolved anew for each connection; of several, the first that "
           "works is used, and failed ones are tried again later.",
           "required"},
          s.addresses, Form::peer);
  v.word({"client_identity",
          "How the MTA learns who the client is: none (it sees the proxy), xclient (Postfix's XCLIENT "
          "command), proxy-v1 or proxy-v2 (HAProxy's PROXY protocol)."},
         s.client_identity, identities);
  v.word({"tls",
          "TLS to the backend: none, opportunistic (if it can be had, else plain), required, or verified (required, "
          "and the certificate must have a chain to a known root and the right name)."},
         s.tls, tls);
  v.text({"ca_file", "With tls: certificates that may have signed the backend's; empty: the system's."}, s.ca_file,
         Form::path);
  v.text({"server_name", "With tls: name that the backend's certificate must carry; empty: the host of its address."},
         s.server_name, Form::free);
  v.count({"connections",
           "Connections at once, to each address. A client beyond waits up to open_timeout, then gets "
           "451 4.3.2."},
          s.connections, at_least_one);
  v.duration({"connect_timeout", "How long a connection to one address may take."}, s.connect_timeout, shortest);
  v.duration({"open_timeout", "From connecting to the reply to MAIL, all addresses together."}, s.open_timeout,
             shortest);
  v.duration({"reply_timeout", "How long a reply to a command may take."}, s.reply_timeout, shortest);
  v.duration(
      {"end_of_data_timeout", "How long the reply to the end of a message may take. Nothing else ends that wait."},
      s.end_of_data_timeout, shortest);
  v.flag({"reuse",
          "true: one backend connection serves several clients, one after the other; with client_identity xclient "
          "only, and only where the backend goes on offering XCLIENT once it was told of a client."},
         s.reuse);
}

void reply(KeyVisitor& v, greylist::ReplyTemplate& s) {
  unsigned code = static_cast<unsigned>(s.code);
  v.count({"code", "450 or 451."}, code, {450, 451});
  s.code = static_cast<int>(code);
  v.text({"enhanced", "Enhanced status code, 4.x.x. 4.7.1 with 450 makes some Exchange versions bounce."}, s.enhanced,
         Form::enhanced);
  v.text({"text",
          "Words after the codes; {sender}, {recipient}, {protocol}, {helo} and {url} are filled in. Without a "
          "url, \", see {url}\" falls away."},
         s.text, Form::free);
  v.text({"url", "A page that explains greylisting to whoever reads the reply."}, s.url, Form::free);
}

void greylist(KeyVisitor& v, Settings::Greylist& s) {
  static constexpr std::array modes{string_view("enforce"), string_view("observe"), string_view("off")};
  static constexpr std::array proofs{string_view("spf"), string_view("rdns"), string_view("network")};
  static constexpr std::array stages{string_view("rcpt"), string_view("data")};
  static constexpr std::array failures{string_view("accept"), string_view("defer")};
  v.word({"mode", "enforce, observe (everything is recorded and logged as if enforced, yet passes), or off."}, s.mode,
         modes);
  v.duration({"delay", "How old a first attempt must be before a retry passes."}, s.limits.delay, none_too_short);
  v.duration({"retry_window", "A retry later than this counts as a new first attempt."}, s.limits.retry_window,
             shortest);
  v.duration({"lifetime", "How long a triplet that has passed is remembered after its last use."}, s.limits.lifetime,
             shortest);
  v.object({"client_prefix",
            "How many leading bits of its address stand for a client, so that a retry from a "
            "neighbouring address counts."},
           [&] {
             v.count({"ipv4", "Of an IPv4 address."}, s.client_prefix.ipv4, {0, 32});
             v.count({"ipv6", "Of an IPv6 address."}, s.client_prefix.ipv6, {0, 128});
           });
  v.words({"identity",
           "By which proof a client is known again, best first: the domain that SPF lets it send for, the "
           "organisational domain of its confirmed reverse name, its network. \"network\" is always there; the others "
           "take the DNS."},
          s.identity, proofs);
  v.count({"auto_allow_after",
           "After so many passed triplets whose message the backend took, a client is not "
           "greylisted any more; 0: never."},
          s.auto_allow.after, any_number);
  v.duration({"auto_allow_interval", "At most one triplet counts per interval; \"0s\": all do."}, s.auto_allow.interval,
             none_too_short);
  v.word({"null_sender",
          "Where a bounce (sender <>) is put off: rcpt, or data, so that call-outs that only ask RCPT "
          "learn the truth."},
         s.null_sender, stages);
  v.duration(
      {"greeting_delay",
       "How long a client that never came back yet waits for our greeting, for rules to know who doesn't; \"0s\": "
       "not at all."},
      s.greeting_delay, none_too_short);
  v.texts({"traps",
           "Recipients that nobody owns, as in allow.recipients: who writes to one is put off, and so is its network."},
          s.traps, Form::address);
  v.duration({"trap_lifetime", "For how long, if nothing is proved of the client."}, s.trap_lifetime, shortest);
  v.flag(
      {"verify_recipients",
       "true: a recipient that the backend has no mailbox for is refused at once, in the backend's words, instead of "
       "put off."},
      s.verify_recipients);
  v.object({"tarpit", "Who is on a block list, or blocked by a rule, is refused late."}, [&] {
    v.duration({"delay", "How late, at most 2m; \"0s\": at once."}, s.tarpit.delay, none_too_short);
    v.count({"clients", "So many are kept waiting at once; those beyond are refused at once."}, s.tarpit.clients,
            at_least_one);
  });
  v.object({"reply", "What a recipient that is put off is told."}, [&] { reply(v, s.reply); });
  v.flag({"header",
          "true: messages that had waited get one X-Greylist header, and a sender's own is removed from every "
          "message."},
         s.header);
  v.duration({"history", "How long decisions are kept for explain; \"0s\": not at all."}, s.limits.history,
             none_too_short);
  v.word({"on_store_failure", "What a failing store means for mail: accept lets it pass, defer answers 451 4.3.0."},
         s.on_store_failure, failures);
}

void store(KeyVisitor& v, Settings::Store& s) {
  static constexpr std::array engines{string_view("rocksdb"), string_view("redis")};
  static constexpr std::array tls{string_view("none"), string_view("required"), string_view("verified")};
  v.word({"engine", "rocksdb: on this host. redis: in Redis or Valkey, for several hosts that share one greylist."},
         s.engine, engines);
  v.text({"path",
          "Directory of the store; made if it isn't there. One process at a time. With redis: beside it is where a "
          "self-signed certificate is kept."},
         s.path, Form::path);
  v.size({"cache", "Memory for what was read from it."}, s.cache, 1);
  v.texts({"nodes",
           "redis: the server, and those that may take its place; of a cluster some of its nodes, which know the "
           "others."},
          s.nodes, Form::peer);
  v.flag({"cluster", "redis: true for a Redis Cluster."}, s.cluster);
  v.text({"prefix", "redis: what its keys begin with."}, s.prefix, Form::free);
  v.text({"username", "redis: who to log in as; empty: the default user."}, s.username, Form::free);
  v.text({"password_file", "redis: file that holds the password; empty: there is none."}, s.password_file, Form::path);
  v.word(
      {"tls",
       "redis: none, required, or verified (the certificate must have a chain to a known root and the node's name)."},
      s.tls, tls);
  v.text({"ca_file", "redis, with tls: certificates that may have signed the servers'; empty: the system's."},
         s.ca_file, Form::path);
  v.duration({"timeout",
              "redis: how long an answer may take. Then the call has failed, and so does at once every other that "
              "needs this server, until it answers again."},
             s.timeout, shortest);
  v.text({"fallback",
          "redis: path of a store on this host that stands in while no server answers; empty: "
          "greylist.on_store_failure says what happens."},
         s.fallback, Form::path);
}

void dns_list(KeyVisitor& v, Settings::DnsList& s) {
  v.text({"name", "How rules and the log call it.", "required"}, s.name, Form::free);
  v.text({"zone", "Where it is kept, such as \"list.example.org\".", "required"}, s.zone, Form::free);
  v.one_or_more(
      {"returns", "What it answers for a client that is meant, as addresses or networks.", "[\"127.0.0.0/9\"]"},
      s.returns, Form::network);
}

void block_list(KeyVisitor& v, Settings::DnsList& s) {
  dns_list(v, s);
  v.count({"weight", "What being on it counts towards block_threshold."}, s.weight, {1, 1000});
}

void dns(KeyVisitor& v, Settings::Dns& s) {
  v.flag({"enabled", "false: no client's name is ever looked up, and entries by name match nobody."}, s.enabled);
  v.texts({"servers", "Resolvers to ask, port 53 unless given.", "the system's"}, s.servers, Form::dns_server);
  v.duration({"timeout", "How long one question may take."}, s.timeout, shortest);
  v.objects({"allow_lists", "Lists in the DNS (RFC 5782): whom one of them has isn't greylisted.", "none"},
            items(s.allow_lists, dns_list));
  v.objects({"block_lists", "Likewise, for rules to ask (rules[].when.dns_list).", "none"},
            items(s.block_lists, block_list));
  v.count({"block_threshold", "The weight from which on a client is on \"block_lists\"."}, s.block_threshold,
          at_least_one);
}

void conditions(KeyVisitor& v, Settings::Conditions& s) {
  v.one_or_more({"client", "Its address, its network, or its confirmed name or a domain of that."}, s.client,
                Form::client);
  v.one_or_more({"helo", "What it says it is: a domain, or \"*.example.org\" for its subdomains."}, s.helo,
                Form::domain);
  v.one_or_more({"rdns", "Its confirmed reverse name, or a domain of that."}, s.rdns, Form::domain);
  v.one_or_more({"fcrdns",
                 "pass: its reverse name leads back to its address; fail: it doesn't; none: there is no reverse name; "
                 "error: the DNS doesn't answer."},
                s.fcrdns, greylist::fcrdns_words);
  v.one_or_more({"spf",
                 "What SPF says of the sender's domain, or of the HELO name for the null sender: none, neutral, pass, "
                 "fail, softfail, temperror, permerror."},
                s.spf, greylist::spf_words);
  v.one_or_more({"dns_list",
                 "The name of one of dns.allow_lists or dns.block_lists; \"block_lists\": enough of these, by their "
                 "weights."},
                s.dns_list, Form::free);
  v.one_or_more({"reputation", "How the client behaved of late, by its best identity: good, unknown, bad."},
                s.reputation, greylist::standing_words);
  v.one_or_more({"rate", "More attempts of the client, by its best identity, than so many in a period: \"100/1h\"."},
                s.rate, Form::rate);
  v.one_or_more({"sender", "As in allow."}, s.sender, Form::address);
  v.one_or_more({"recipient", "As in allow."}, s.recipient, Form::address);
  v.flag({"null_sender", "true: a bounce (sender <>); false: none."}, s.null_sender);
  v.flag({"early_talker", "true: it talked before it was greeted (greylist.greeting_delay)."}, s.early_talker);
  v.one_or_more({"tls", "The session's: none, 1.2, 1.3."}, s.tls, greylist::tls_words);
  v.one_or_more({"time", "Days and hours in UTC: \"Mon-Fri 08:00-18:00\", \"Sat\", \"22:00-06:00\"."}, s.time,
                Form::time);
}

void rule(KeyVisitor& v, Settings::Rule& s) {
  static constexpr std::array actions{string_view("allow"), string_view("greylist"), string_view("block"),
                                      string_view("put_off")};
  v.text({"name", "How the log, explain and replay call it.", "required"}, s.name, Form::free);
  v.object({"when", "All that is given must hold; of several values, any. Nothing: every attempt."}, [&] {
    conditions(v, s.when);
    v.object({"not", "None of what is given here may hold."}, [&] { conditions(v, s.unless); });
  });
  v.word({"action",
          "allow: passes; greylist: as without a rule, but see delay; block: refused for good; put_off: refused for "
          "now, however often it comes.",
          "required"},
         s.action, actions);
  v.duration({"delay", "With greylist: in place of greylist.delay."}, s.delay, none_too_short);
  v.object({"reply", "With block and put_off: what the client is told."}, [&] {
    v.count({"code", "550, 553, 554 or 556 with block, 450 or 451 with put_off; 0: 554, and that of greylist.reply."},
            s.reply.code, {0, 559});
    v.text({"enhanced", "Enhanced status code of the same class.",
            "5.7.1 with block, that of greylist.reply with put_off"},
           s.reply.enhanced, Form::free);
    v.text({"text", "As in greylist.reply.", "the usual"}, s.reply.text, Form::free);
  });
}

void allow(KeyVisitor& v, Settings::Allow& s) {
  v.texts({"clients",
           "Addresses, networks, names (\"mail.example.com\") and domains of names (\".example.com\"). A "
           "client's name is its forward-confirmed reverse name."},
          s.clients, Form::client);
  v.texts({"clients_files", "Files of further clients in the format of postgrey's whitelist_clients."}, s.clients_files,
          Form::path);
  v.texts({"senders", "\"ceo@example.com\", or \"@example.com\" for every address of that domain."}, s.senders,
          Form::address);
  v.texts({"recipients", "Likewise; \"abuse@\" is that local part everywhere."}, s.recipients, Form::address);
  v.texts({"recipients_files", "Files of further recipients in the format of postgrey's whitelist_recipients."},
          s.recipients_files, Form::path);
}

void block(KeyVisitor& v, Settings::Block& s) {
  v.texts({"clients", "As in allow."}, s.clients, Form::client);
  v.texts({"senders", "As in allow."}, s.senders, Form::address);
  v.texts({"recipients", "As in allow."}, s.recipients, Form::address);
}

void bare_line_ends(KeyVisitor& v, Settings::BareLineEnds& s) {
  static constexpr std::array policies{string_view("refuse"), string_view("endings")};
  v.word({"policy",
          "refuse: any; endings: only where it borders a line made of one dot, where a backend might see the "
          "end of the message."},
         s.policy, policies);
  v.texts({"exclude_clients", "Networks for which endings is in force in either case."}, s.exclude_clients,
          Form::network);
}

void certificate(KeyVisitor& v, Settings::Certificate& s) {
  v.text({"certificate", "The certificate and those between it and the root, PEM."}, s.certificate, Form::path);
  v.text({"key", "Its private key, PEM."}, s.key, Form::path);
}

void tls(KeyVisitor& v, Settings::Tls& s) {
  static constexpr std::array versions{string_view("1.2"), string_view("1.3")};
  v.objects(
      {"certificates",
       "Our certificates; of several, the client's SNI and algorithms choose, and the first is for those who name "
       "nobody. None: a self-signed one is made at the first start and kept beside the store."},
      items(s.certificates, certificate));
  v.word({"min_version", "Oldest TLS version that is spoken: 1.2 or 1.3."}, s.min_version, versions);
  v.flag({"required", "true: MAIL before STARTTLS gets 530 5.7.0."}, s.required);
}

void limits(KeyVisitor& v, Settings::Limits& s) {
  v.count({"connections", "Clients at once; one beyond gets 421 4.7.0."}, s.connections, at_least_one);
  v.count({"connections_per_client", "Likewise, from one IPv4 address or one IPv6 /64."}, s.connections_per_client,
          at_least_one);
  v.count(
      {"put_off_per_client",
       "Attempts of one client's network that are remembered within a day though they are put off; those beyond are "
       "put off all the same."},
      s.put_off_per_client, at_least_one);
  v.count({"recipients", "Of one transaction; one beyond gets 452 4.5.3."}, s.recipients, at_least_one);
  v.size({"message_size", "Largest message; \"0\": the backend's limit alone."}, s.message_size, 0);
  v.count({"errors", "Of one session; the one that reaches this number gets 421 4.7.0 and a close."}, s.errors,
          at_least_one);
  v.duration({"command_timeout",
              "How long a whole command line may take, and a TLS handshake. A PROXY header has 5 s of its own."},
             s.command_timeout, shortest);
  v.duration({"data_timeout", "How long the client may be silent within a message."}, s.data_timeout, shortest);
  v.duration({"drain_timeout", "How long open transactions may go on once the program was told to stop."},
             s.drain_timeout, none_too_short);
}

void log(KeyVisitor& v, Settings::Log& s) {
  static constexpr std::array levels{string_view("debug"), string_view("info"), string_view("warning"),
                                     string_view("error")};
  static constexpr std::array formats{string_view("json"), string_view("text"), string_view("postgrey")};
  v.word({"level", "The least that is logged: debug, info, warning or error."}, s.level, levels);
  v.word({"format", "json or text; one event a line. postgrey: decisions as postgrey logs them, all else as text."},
         s.format, formats);
}

}  // namespace

void describe(KeyVisitor& v, Settings& s) {
  v.text({"hostname", "Our name in the greeting and in the reply to EHLO.", "the system's full name"}, s.hostname,
         Form::host_name);
  v.count({"threads", "Event loops; 0: one per core."}, s.threads, {0, 1024});
  v.text({"user", "Started as root: become this user once the ports are bound. Empty: stay."}, s.user, Form::free);
  v.objects({"listen", "Where clients connect.", "0.0.0.0:25 and [::]:25, both optional"}, items(s.listen, listener));
  v.object({"backend", "The MTA that takes what passes."}, [&] { backend(v, s.backend); });
  v.texts({"domains",
           "Recipient domains taken; others get 550 5.7.1. \"*.example.org\" or \".example.org\": its "
           "subdomains; \"*\": every domain, only where the MTA learns the client's identity.",
           "required"},
          s.domains, Form::domain);
  v.object({"greylist", "Who must wait, and how long."}, [&] { greylist(v, s.greylist); });
  v.object({"store", "Where the greylist is kept."}, [&] { store(v, s.store); });
  v.object({"dns", "Look-ups of clients' names."}, [&] { dns(v, s.dns); });
  v.object({"allow", "Who is never greylisted."}, [&] { allow(v, s.allow); });
  v.object({"block", "Who is refused with 554 5.7.1, whatever else holds."}, [&] { block(v, s.block); });
  v.objects(
      {"rules", "Asked one after the other, after block, domains and allow: the first that holds decides.", "none"},
      items(s.rules, rule));
  v.object({"bare_line_ends", "What happens to a message with a CR or LF that stands alone."},
           [&] { bare_line_ends(v, s.bare_line_ends); });
  v.object({"tls", "TLS with the client."}, [&] { tls(v, s.tls); });
  v.object({"limits", "What one client, one message and all together may take."}, [&] { limits(v, s.limits); });
  v.object({"status", "Read-only, over HTTP: / for people, /status, /metrics, /healthz, /readyz."},
           [&] { v.text({"address", "Address and port of it."}, s.status_address, Form::listener); });
  v.object({"admin", "Where the other commands reach the running proxy."},
           [&] { v.text({"socket", "Path of a Unix socket, mode 0600."}, s.admin_socket, Form::path); });
  v.object({"log", "What is written to stderr."}, [&] { log(v, s.log); });
}

}  // namespace proxy
