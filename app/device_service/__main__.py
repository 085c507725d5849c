"""`python -m app.device_service`"""

from app.common.serve import serve
from app.device_service import create_app

if __name__ == "__main__":
    serve(create_app, default_port=5001)
