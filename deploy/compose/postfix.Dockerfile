# A Postfix that takes mail for example.org from greygate, which tells it by the PROXY protocol who the client is, and
# delivers it into maildirs below /var/mail/virtual.
FROM debian:bookworm-slim
RUN echo postfix postfix/main_mailer_type select Internet Site | debconf-set-selections \
 && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postfix \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 5000 --home-dir /var/mail/virtual --create-home vmail \
 && postconf -e maillog_file=/dev/stdout myhostname=mail.example.org mydestination= inet_interfaces=all \
      'mynetworks=127.0.0.0/8' 'smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination' \
      virtual_mailbox_domains=example.org virtual_mailbox_base=/var/mail/virtual virtual_mailbox_maps=static:box/ \
      virtual_uid_maps=static:5000 virtual_gid_maps=static:999 virtual_minimum_uid=100 \
 && postconf -P smtp/inet/smtpd_upstream_proxy_protocol=haproxy
EXPOSE 25
CMD ["postfix", "start-fg"]
