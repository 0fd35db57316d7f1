#pragma once
#include <array>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/import/imported.h"

namespace proxy {

// One of SQLgrey's tables (1.6 to 1.8) that we take over.
struct SqlgreyTable {
  std::string_view name;
  std::span<const std::string_view> columns;  // in the order in which SQLgrey creates them
};
const SqlgreyTable* sqlgrey_table(std::string_view name);  // nullptr: none of them
std::span<const SqlgreyTable> sqlgrey_tables();

// Reads rows of SQLgrey's tables.
//
// connect are the triplets that wait, with the sender as it was but in lower case. from_awl and domain_awl are what has
// passed: a sender, or every sender of a domain, that a client may send from. A from_awl sender is what SQLgrey made of
// the address to have one row for all of a list's: numbers, ids, even words of hex digits are '#', the recipient RCPT,
// and what stands behind "bounce-" is gone. No list entry stands for that, so the whole domain is let in from this
// client, as SQLgrey does itself from the second such sender on (domain_awl).
class SqlgreyRows {
 public:
  explicit SqlgreyRows(const Take& take) : tally_(take) {}

  struct Row {
    std::optional<std::string> sender_name, sender_domain, src, rcpt, first_seen, last_seen;
    std::optional<std::string>* column(std::string_view name);  // nullptr: none of them
  };
  void add(const SqlgreyTable& table, const Row& row);
  void unreadable() { tally_.leave_out("the row can't be read"); }
  // A row of optin_domain, optout_email and so on.
  void opted() { tally_.leave_out("opt-in and opt-out lists: allow.recipients is for what they say"); }
  const ImportReport& report() const { return tally_.report(); }

 private:
  void add_waiting(const Row& row);
  void add_allowed(const SqlgreyTable& table, const Row& row);

  ImportTally tally_;
};

}  // namespace proxy
