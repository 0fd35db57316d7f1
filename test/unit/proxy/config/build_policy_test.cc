#include "proxy/config/build_policy.h"

#include <doctest/doctest.h>

#include "test/unit/proxy/temporary_directory.h"

using greylist::IpAddress;

TEST_CASE("the policy is what the settings say") {
  proxy::Settings settings;
  settings.domains = {"example.org", "*.example.net"};
  settings.greylist.mode = "observe";
  settings.greylist.limits.delay = std::chrono::minutes(1);
  settings.greylist.client_prefix.ipv4 = 28;
  settings.greylist.auto_allow.after = 2;
  settings.greylist.null_sender = "data";
  settings.greylist.on_store_failure = "defer";
  settings.allow.clients = {"192.0.2.0/24"};
  settings.allow.senders = {"ceo@example.com"};
  settings.block.clients = {"198.51.100.1"};
  settings.block.senders = {"@spam.example"};
  settings.block.recipients = {"trap@example.org"};
  const auto policy = proxy::build_policy(settings);
  REQUIRE(policy);
  CHECK(policy->mode == greylist::Mode::observe);
  CHECK(policy->limits.delay == std::chrono::minutes(1));
  CHECK(policy->limits.lifetime == std::chrono::days(36));
  CHECK(policy->client_prefix.ipv4 == 28);
  CHECK(policy->auto_allow.after == 2);
  CHECK(policy->null_sender == greylist::NullSender::data);
  CHECK(policy->on_store_failure == greylist::OnStoreFailure::defer);
  CHECK(policy->domains.matches("example.org"));
  CHECK(policy->domains.matches("a.example.net"));
  CHECK_FALSE(policy->domains.matches("example.net"));
  CHECK(policy->allow.clients.matches_address(*IpAddress::parse("192.0.2.77")));
  CHECK(policy->allow.senders.matches("ceo@example.com"));
  CHECK(policy->allow.recipients.matches("postmaster@example.org"));
  CHECK_FALSE(policy->allow.recipients.matches("trap@example.org"));
  CHECK(policy->block.clients.matches_address(*IpAddress::parse("198.51.100.1")));
  CHECK(policy->block.senders.matches("x@spam.example"));
  CHECK(policy->block.recipients.matches("trap@example.org"));
}

TEST_CASE("files add to the lists") {
  const TemporaryDirectory directory;
  proxy::Settings settings;
  settings.allow.clients_files = {directory.write("clients", "# comment\n192.0.2\nmail.example.com\n")};
  settings.allow.recipients_files = {directory.write("recipients", "sales@\n")};
  const auto policy = proxy::build_policy(settings);
  REQUIRE(policy);
  CHECK(policy->allow.clients.matches_address(*IpAddress::parse("192.0.2.77")));
  CHECK(policy->allow.clients.matches_name("mail.example.com"));
  CHECK(policy->allow.recipients.matches("sales@example.org"));
  CHECK(policy->allow.recipients.matches("abuse@example.org"));
}
