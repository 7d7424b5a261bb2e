"""The settings files of the lab's server, as its administrator would have written them."""

from tests.lab.lan import DOMAIN, NETWORK

NGINX = """
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { worker_connections 256; }
http {
    access_log /var/log/nginx/access.log combined;
    client_max_body_size 1m;
    client_body_temp_path /run/nginx-body;
    proxy_temp_path /run/nginx-proxy;
    fastcgi_temp_path /run/nginx-fastcgi;
    uwsgi_temp_path /run/nginx-uwsgi;
    scgi_temp_path /run/nginx-scgi;
    server {
        listen 80;
        server_name portal.DOMAIN;
        location / {
            proxy_pass http://127.0.0.1:8000;
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
        }
    }
}
""".replace("DOMAIN", DOMAIN)

# What Debian 12 ships, cut to what the lab needs: same socket, same time stamps, same file for auth.
RSYSLOG = """
module(load="imuxsock")
$FileOwner root
$FileGroup adm
$FileCreateMode 0640
$Umask 0022
auth,authpriv.*          /var/log/auth.log
*.*;auth,authpriv.none   -/var/log/syslog
"""

SSHD = """
Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
UseDNS no
MaxStartups 50:30:100
PrintMotd no
AcceptEnv LANG
"""

DNSMASQ = f"""
no-resolv
no-hosts
user=root
pid-file=
bind-interfaces
listen-address={NETWORK}.10
local=/{DOMAIN}/
host-record=portal.{DOMAIN},{NETWORK}.10
host-record=mot-cua.{DOMAIN},{NETWORK}.10
host-record=gw.{DOMAIN},{NETWORK}.1
mx-host={DOMAIN},portal.{DOMAIN},10
server=/cap-nhat-he-thong.example/{NETWORK}.66
"""

SUDOERS = """
Defaults env_reset, !lecture, passwd_tries=3
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root    ALL=(ALL:ALL) ALL
quantri ALL=(ALL:ALL) NOPASSWD: ALL
canbo1  ALL=(root) /usr/bin/tail /var/log/nginx/access.log, /usr/bin/id
"""

PASSWD = """
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""

GROUP = """
root:x:0:
daemon:x:1:
adm:x:4:
tty:x:5:
shadow:x:42:
www-data:x:33:
nogroup:x:65534:
"""
