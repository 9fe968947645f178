"""The programs that Rekognition's jobs and replicas run; the gateway's process never imports them."""
