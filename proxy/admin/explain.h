#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "greylist/lists/run_time_list.h"
#include "proxy/dns/confirmed_name.h"
#include "proxy/loop.h"
#include "proxy/spf/check_host.h"

namespace proxy {

// Who asks what would become of a recipient.
struct ExplainQuestion {
  std::string client, helo, sender, recipient;  // the last three as a client would write them, brackets or not
};

struct ExplainSources {
  std::shared_ptr<const Setup> setup;
  std::shared_ptr<const greylist::RunTimeLists> run_time;
  const Site& site;
  greylist::Store& store;
  // These wait.
  std::function<ClientName(const greylist::IpAddress& client)> look_up;
  std::function<SpfVerdict(const SpfQuestion& question)> check_spf;
  std::function<DnsListings(const greylist::IpAddress& client)> look_up_lists;
};

// What would be decided now and why, step by step, and what became of that recipient's mail lately. Changes nothing. It
// waits for the store and DNS. The error says what is wrong with the question.
std::expected<nlohmann::ordered_json, std::string> explain(const ExplainQuestion& question,
                                                           const ExplainSources& sources);

// The latest decisions for a recipient, whoever asked.
std::expected<nlohmann::ordered_json, std::string> latest_for(const std::string& recipient,
                                                              const ExplainSources& sources);

}  // namespace proxy
