#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "greylist/greylist_reply.h"
#include "greylist/policy.h"

namespace proxy {

using Duration = std::chrono::milliseconds;

// The configuration as a value, defaults in place; keys and meanings as in README.md. Paths are absolute after load().
struct Settings {
  struct Listen {
    std::string address;       // "127.0.0.1:2525", "[::]:25"
    std::string tls = "none";  // none | implicit
    std::vector<std::string> proxy_protocol_from;
    bool operator==(const Listen&) const = default;
    bool optional = false;  // a default listener: skipped where its family is missing
  };
  struct Backend {
    std::vector<std::string> addresses;
    std::string client_identity = "none";  // none | xclient | proxy-v1 | proxy-v2
    std::string tls = "none";              // none | opportunistic | required | verified
    std::string ca_file, server_name;
    unsigned connections = 90;
    Duration connect_timeout{10'000}, open_timeout{120'000}, reply_timeout{240'000}, end_of_data_timeout{900'000};
    bool reuse = false;
  };
  struct Tarpit {
    Duration delay{0};
    unsigned clients = 100;
  };
  struct Greylist {
    std::string mode = "enforce";  // enforce | observe | off
    greylist::Limits limits;
    greylist::ClientPrefix client_prefix;
    std::vector<std::string> identity{"spf", "rdns", "network"};
    greylist::AutoAllow auto_allow;
    std::string null_sender = "rcpt";  // rcpt | data
    Duration greeting_delay{0};
    std::vector<std::string> traps;
    Duration trap_lifetime{86'400'000};
    bool verify_recipients = false;
    Tarpit tarpit;
    greylist::ReplyTemplate reply;
    bool header = false;
    std::string on_store_failure = "accept";  // accept | defer
  };
  struct Store {
    std::string engine = "rocksdb";
    std::string path = "/var/lib/greygate/greylist";
    std::uint64_t cache = 64ull << 20;
    // Of redis:
    std::vector<std::string> nodes;
    bool cluster = false;
    std::string prefix = "greygate:", username, password_file;
    std::string tls = "none";  // none | required | verified
    std::string ca_file;
    Duration timeout{500};
    std::string fallback;  // path of a store of rocksdb
    bool operator==(const Store&) const = default;
  };
  struct DnsList {
    std::string name, zone;
    std::vector<std::string> returns{"127.0.0.0/9"};
    unsigned weight = 1;
  };
  struct Dns {
    bool enabled = true;
    std::vector<std::string> servers;
    Duration timeout{2'000};
    std::vector<DnsList> allow_lists, block_lists;
    unsigned block_threshold = 1;
  };
  struct Conditions {  // of a rule; what is empty isn't asked
    std::vector<std::string> client, helo, rdns, fcrdns, spf, dns_list, reputation, rate, sender, recipient;
    std::optional<bool> null_sender, early_talker;
    std::vector<std::string> tls, time;
  };
  struct RuleReply {
    unsigned code = 0;  // 0 and empty: the action's
    std::string enhanced, text;
    bool operator==(const RuleReply&) const = default;
  };
  struct Rule {
    std::string name;
    Conditions when, unless;
    std::string action;  // allow | greylist | block | put_off
    std::optional<Duration> delay;
    RuleReply reply;
  };
  struct Allow {
    std::vector<std::string> clients, clients_files, senders, recipients{"postmaster@", "abuse@"}, recipients_files;
  };
  struct Block {
    std::vector<std::string> clients, senders, recipients;
  };
  struct BareLineEnds {
    std::string policy = "refuse";  // refuse | endings
    std::vector<std::string> exclude_clients;
  };
  struct Certificate {
    std::string certificate, key;
  };
  struct Tls {
    std::vector<Certificate> certificates;
    std::string min_version = "1.2";
    bool required = false;
  };
  struct Limits {
    unsigned connections = 10'000, connections_per_client = 50, put_off_per_client = 100'000, recipients = 1'000;
    std::uint64_t message_size = 0;  // octets; 0: the backend's
    unsigned errors = 20;
    Duration command_timeout{300'000}, data_timeout{300'000}, drain_timeout{30'000};
  };
  struct Log {
    std::string level = "info", format = "json";
  };

  std::string hostname;  // default: the system's FQDN
  unsigned threads = 0;
  std::string user;
  std::vector<Listen> listen;  // default: 0.0.0.0:25 and [::]:25
  Backend backend;
  std::vector<std::string> domains;
  Greylist greylist;
  Store store;
  Dns dns;
  Allow allow;
  Block block;
  std::vector<Rule> rules;
  BareLineEnds bare_line_ends;
  Tls tls;
  Limits limits;
  std::string status_address = "127.0.0.1:8025";
  std::string admin_socket = "/run/greygate/admin.sock";
  Log log;
};

}  // namespace proxy
