# A Postfix for demonstration: takes all mail for example.org from greygate, which tells it by the PROXY protocol who
# the client is, and puts it into one maildir, /var/mail/virtual/box, whoever the recipient is.
FROM debian:bookworm-slim
RUN echo postfix postfix/main_mailer_type select Internet Site | debconf-set-selections \
 && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postfix \
 && rm -rf /var/lib/apt/lists/*
# mynetworks is empty: whoever a PROXY header says the client is, nobody may relay.
RUN groupadd --gid 5000 vmail \
 && useradd --uid 5000 --gid 5000 --home-dir /var/mail/virtual --create-home --shell /usr/sbin/nologin vmail \
 && postconf -e maillog_file=/dev/stdout myhostname=mail.example.org mydestination= inet_interfaces=all \
      mynetworks= smtpd_relay_restrictions=reject_unauth_destination \
      virtual_mailbox_domains=example.org virtual_mailbox_base=/var/mail/virtual virtual_mailbox_maps=static:box/ \
      virtual_uid_maps=static:5000 virtual_gid_maps=static:5000 \
 && postconf -P smtp/inet/smtpd_upstream_proxy_protocol=haproxy
EXPOSE 25
CMD ["postfix", "start-fg"]
