#pragma once
#include <optional>

#include "test/bench/sink/content_end.h"
#include "test/bench/sink/conversation.h"
#include "test/bench/sink/ledger.h"

namespace bench {

// A mail server that takes everything and keeps nothing but the ledger. Its replies are constant; a recipient whose
// local part begins with "later" gets 450. Whoever connects may be a proxy that says for whom: XCLIENT, PROXY v1 and
// v2. The command LEDGER is answered with the ledger as JSON.
class Smtp final : public Conversation {
 public:
  Smtp(Ledger& ledger, bool offers_tls) : ledger_(ledger), offers_tls_(offers_tls) { ++ledger_.connections; }

  std::string_view greeting() const override { return "220 sink.example.org ESMTP\r\n"; }
  void hear(std::string_view octets, Answer& answer) override;
  void secured() override { offers_tls_ = false; }

 private:
  std::size_t hear_command(std::string_view octets, Answer& answer);  // how many it has used
  std::size_t hear_content(std::string_view octets, Answer& answer);
  std::size_t hear_proxy_header(std::string_view octets);
  void obey(std::string_view line, Answer& answer);
  std::string_view reply_to_recipient(std::string_view line);
  std::string ledger_reply() const;

  Ledger& ledger_;
  bool offers_tls_;
  bool first_ = true;       // nothing was heard yet
  std::string unfinished_;  // command or PROXY header
  std::optional<ContentEnd> content_;
  std::uint64_t content_octets_ = 0;
};

}  // namespace bench
