import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Res } from '@nestjs/common'

const mpesa = require('../../mpesa')

class CreatePaymentDto {
  phone!: string
  amount!: number
  reference!: string
}

@Controller('payments')
export class PaymentsController {
  @Get('health')
  health () {
    return { ok: true }
  }

  @Post('stk-push')
  async startPayment (@Body() dto: CreatePaymentDto, @Res() res: any) {
    const [status, answer] = await mpesa.start(dto.phone, dto.amount, dto.reference)
    res.status(status).json(answer)
  }

  @Get(':id/status')
  paymentStatus (@Param('id') id: string) {
    const payment = mpesa.status(id)
    if (!payment) throw new NotFoundException('No such payment.')
    return payment
  }

  @Post('callback/:secret')
  @HttpCode(200)
  mpesaCallback (@Param('secret') secret: string, @Body() body: object) {
    mpesa.callback(secret, body)
    return { ResultCode: 0, ResultDesc: 'Accepted' }
  }
}
